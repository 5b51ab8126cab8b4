// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/timing.hpp"
#include "base/limits.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::manager {

/// A hypervisor whose every answer a test can order: which call fails, which one hangs and when it goes on,
/// and what happens to its domains meanwhile. An operation takes one step of the loop, has its effect at its
/// end, and ends with Reason::cancelled if it is cancelled before.
class FakeHypervisor final : public hypervisor::Hypervisor {
 public:
    using DomId = hypervisor::DomId;
    using Operation = hypervisor::Operation;

    explicit FakeHypervisor(async::Scheduler& scheduler) : scheduler_(scheduler) {
        facts.memory_kib = 4 << 20;
        facts.has_pv = facts.has_pvh = facts.has_hvm = facts.has_iommu = true;
        truth[0] = {.domid = 0,
                    .name = "Domain-0",
                    .running = true,
                    .memory_kib = 1 << 20,
                    .memory_max_kib = ~std::uint64_t{0},
                    .vcpus_online = 2,
                    .vcpus_max = 2};
    }

    // What is so, to be changed at will. Nobody is told.
    std::map<DomId, hypervisor::DomainSeen> truth;
    std::map<DomId, domain::Definition> definitions;
    std::map<DomId, hypervisor::DomainFigures> figures;
    hypervisor::HostFacts facts;
    hypervisor::HostFigures host_figures;
    std::map<std::string, hypervisor::DiskSize> disk_sizes;  ///< by target
    std::map<std::string, hypervisor::FileIdentity> files;   ///< by path
    std::set<std::string> silent;                            ///< paths whose storage does not answer
    std::vector<std::string> missing;                        ///< of any definition
    Duration patience{};                                     ///< of the last who wanted figures
    std::vector<DomId> measured;                             ///< by the last of them; none: all
    hypervisor::Picture picture{"image/x-nothing", "a picture"};
    std::vector<hypervisor::HostPciDevice> pci;
    std::vector<hypervisor::HostUsbDevice> usb;
    std::vector<hypervisor::Neighbour> known;  ///< to Domain-0
    std::vector<hypervisor::HostDevice> others;
    std::function<void()> host_devices_again;  ///< empty: nobody wants to know of them
    std::vector<hypervisor::KeyPress> pressed;
    std::string sysrqs;                          ///< the keys
    std::map<DomId, domain::CpuTuning> tunings;  ///< as was asked for
    std::map<DomId, domain::CpuSet> nodes;
    std::map<DomId, std::string> schedulers;  ///< of those that have not the host's
    std::map<std::filesystem::path, hypervisor::ImageHead> images;
    std::map<std::filesystem::path, bool> dumps;  ///< of a guest that was paused
    std::set<Uuid> given_up;                      ///< domains that may still come
    std::set<domain::PciAddress> pci_given_up;    ///< devices that may still change

    // What was asked
    std::vector<std::string> calls;
    unsigned looking = 0;
    unsigned most_looking = 0;
    std::size_t most_identified = 0;  ///< files at once
    std::set<DomId> followed() const {
        std::set<DomId> domids;
        for (const auto& [life, domid] : followed_)
            domids.insert(domid);
        return domids;
    }
    /// To be called by the test when a tty is to have come or moved.
    std::map<hypervisor::LifeId, hypervisor::TtysTold> ttys_told;
    bool bypassed_cache = false;                     ///< by the last save or restore
    std::shared_ptr<hypervisor::Progress> progress;  ///< of the last save or dump
    std::size_t count(const std::string& call) const {
        return static_cast<std::size_t>(std::ranges::count(calls, call));
    }

    // What others do
    DomId make(const domain::Definition& definition, bool paused = false) {
        const auto domid = next_domid++;
        truth[domid] = {.domid = domid,
                        .uuid = definition.uuid,
                        .name = definition.name,
                        .paused = paused,
                        .hvm = definition.type != domain::GuestType::pv,
                        .memory_kib = definition.memory_kib,
                        .memory_max_kib = definition.memory_max_kib,
                        .vcpus_online = definition.vcpus,
                        .vcpus_max = definition.vcpus_max};
        definitions[domid] = definition;
        for (auto& console : definitions[domid].consoles)
            console.tty = tty_of(domid, console);
        return domid;
    }
    void stop(DomId domid, hypervisor::StopReason reason) {
        truth.at(domid).stopped = reason;
        call_for_attention();
    }
    void vanish(DomId domid) {
        truth.erase(domid);
        definitions.erase(domid);
        call_for_attention();
    }
    void call_for_attention() {
        if (again_) again_();
    }
    DomId next_domid = 1;
    std::function<std::string(DomId, const domain::Console&)> tty_of = [](DomId domid, const auto&) {
        return "/dev/pts/" + std::to_string(domid);
    };

    // What goes otherwise
    void fail_next(const std::string& call, Error error) { fails_[call].push_back(std::move(error)); }
    /// Calls of this kind hang from now on, until release(), or until they are cancelled.
    void hold(const std::string& call) { held_[call]; }
    void release(const std::string& call) {
        const auto waiting = std::exchange(held_[call], {});
        held_.erase(call);
        for (const auto& completion : waiting)
            completion.set(true);
    }
    /// Called when an image has been written.
    std::function<void(const std::filesystem::path& path)> saved = [](const auto&) {};
    /// Called as an operation is about to have its effect.
    std::function<void(const std::string& call)> before_effect = [](const std::string&) {};

    const hypervisor::HostFacts& host() const override { return facts; }
    void on_attention(std::function<void()> again) override { again_ = std::move(again); }
    void follow(hypervisor::LifeId life, DomId domid) override { followed_[life] = domid; }
    void unfollow(hypervisor::LifeId life) override {
        followed_.erase(life);
        ttys_told.erase(life);
    }
    void follow_ttys(hypervisor::LifeId life, DomId, std::vector<domain::Console>,
                     hypervisor::TtysTold told) override {
        ttys_told[life] = std::move(told);
    }

    async::Task<Result<hypervisor::Snapshot>> look() override {
        hypervisor::Snapshot snapshot{.memory_free_kib = 1234};
        for (const auto& [domid, seen] : truth)
            snapshot.domains.push_back(seen);
        most_looking = std::max(most_looking, ++looking);
        const Operation operation;
        const auto turn = co_await begin("look", operation);
        --looking;
        if (!turn) co_return std::unexpected(turn.error());
        co_return snapshot;
    }
    async::Task<Result<std::vector<hypervisor::DomainFigures>>> measure(
        hypervisor::FiguresWanted wanted) override {
        const Operation operation;
        const auto turn = co_await begin("measure", operation);
        if (!turn) co_return std::unexpected(turn.error());
        patience = wanted.patience;
        measured = wanted.of;
        std::vector<hypervisor::DomainFigures> all;
        for (const auto& [domid, seen] : truth) {
            if (!wanted.of_domain(domid)) continue;
            auto& domain = all.emplace_back(figures[domid]);
            domain.seen = seen;
        }
        co_return all;
    }
    async::Task<Result<hypervisor::HostFigures>> measure_host() override {
        const Operation operation;
        const auto turn = co_await begin("measure_host", operation);
        if (!turn) co_return std::unexpected(turn.error());
        co_return host_figures;
    }
    async::Task<Result<hypervisor::DiskSize>> disk_size(domain::Disk disk) override {
        const Operation operation;
        const auto turn = co_await begin("disk_size", operation);
        if (!turn) co_return std::unexpected(turn.error());
        co_return disk_sizes[to_string(disk.target)];
    }
    async::Task<Result<std::string>> peek_disk(domain::Disk disk, std::uint64_t offset,
                                               std::size_t bytes) override {
        const Operation operation;
        const auto turn = co_await begin("peek_disk", operation);
        if (!turn) co_return std::unexpected(turn.error());
        co_return fmt::format("{} of {} from {}", bytes, disk.path, offset);
    }
    async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> identify_files(
        std::vector<std::string> paths, async::CancelToken cancel) override {
        const Operation operation{.cancel = cancel};
        const auto turn = co_await begin("identify_files", operation);
        most_identified = std::max(most_identified, paths.size());
        if (std::ranges::any_of(paths, [this](const auto& path) { return silent.contains(path); }))
            co_await async::sleep_for(scheduler_, limits::file_look, std::move(cancel));
        std::vector<Result<std::optional<hypervisor::FileIdentity>>> all;
        for (const auto& path : paths) {
            const auto found = files.find(path);
            if (!turn)
                all.push_back(std::unexpected(turn.error()));
            else if (silent.contains(path))
                all.push_back(fail(Reason::timed_out, "it has not answered"));
            else
                all.push_back(found == files.end() ? std::nullopt : std::optional(found->second));
        }
        co_return all;
    }
    async::Task<Result<std::vector<std::string>>> missing_files(domain::Definition) override {
        const Operation operation;
        const auto turn = co_await begin("missing_files", operation);
        if (!turn) co_return std::unexpected(turn.error());
        co_return missing;
    }
    async::Task<Result<hypervisor::Picture>> screenshot(DomId domid) override {
        const auto turn = co_await begin("screenshot", {}, domid);
        if (!turn) co_return std::unexpected(turn.error());
        co_return picture;
    }
    async::Task<Result<hypervisor::Created>> create(domain::Definition definition,
                                                    Operation operation) override {
        const auto turn = co_await begin("create", operation);
        if (!turn) co_return std::unexpected(turn.error());
        const auto domid = make(definition, true);
        co_return hypervisor::Created{domid, definitions[domid].consoles};
    }
    bool may_still_change(const domain::PciAddress& address) const override {
        return pci_given_up.contains(address);
    }
    bool may_still_come(const Uuid& uuid) const override { return given_up.contains(uuid); }
    async::Task<Result<>> unpause(DomId domid, Operation operation) override {
        auto turn = co_await begin("unpause", operation, domid);
        if (turn) truth.at(domid).paused = false;
        if (turn) truth.at(domid).cpu_time += milliseconds(1);
        co_return turn;
    }
    async::Task<Result<>> pause(DomId domid, Operation operation) override {
        auto turn = co_await begin("pause", operation, domid);
        if (turn) truth.at(domid).paused = true;
        co_return turn;
    }
    async::Task<Result<>> request_shutdown(DomId domid, hypervisor::ShutdownMethod method,
                                           Operation operation) override {
        return begin(method == hypervisor::ShutdownMethod::acpi ? "acpi" : "shutdown", operation, domid);
    }
    async::Task<Result<>> request_reboot(DomId domid, Operation operation) override {
        return begin("reboot", operation, domid);
    }
    async::Task<Result<>> inject_nmi(DomId domid, Operation operation) override {
        return begin("nmi", operation, domid);
    }
    async::Task<Result<>> send_keys(DomId domid, hypervisor::KeyPress press, Operation operation) override {
        auto turn = co_await begin("send_keys", operation, domid);
        if (turn) pressed.push_back(std::move(press));
        co_return turn;
    }
    async::Task<Result<>> send_sysrq(DomId domid, char key, Operation operation) override {
        auto turn = co_await begin("send_sysrq", operation, domid);
        if (turn) sysrqs.push_back(key);
        co_return turn;
    }
    async::Task<Result<>> rename(DomId domid, std::string name, Operation operation) override {
        auto turn = co_await begin("rename", operation, domid);
        if (turn) truth.at(domid).name = std::move(name);
        co_return turn;
    }
    async::Task<Result<>> set_memory(DomId domid, std::uint64_t memory_kib, Operation operation) override {
        auto turn = co_await begin("set_memory", operation, domid);
        if (turn) truth.at(domid).memory_kib = memory_kib;
        co_return turn;
    }
    async::Task<Result<>> set_memory_max(DomId domid, std::uint64_t memory_kib,
                                         Operation operation) override {
        auto turn = co_await begin("set_memory_max", operation, domid);
        if (turn) truth.at(domid).memory_max_kib = memory_kib;
        co_return turn;
    }
    async::Task<Result<>> set_vcpus(DomId domid, unsigned vcpus, Operation operation) override {
        auto turn = co_await begin("set_vcpus", operation, domid);
        if (turn) truth.at(domid).vcpus_online = vcpus;
        co_return turn;
    }
    async::Task<Result<>> attach(DomId domid, domain::Device device, Operation operation) override {
        auto turn = co_await begin("attach", operation, domid);
        if (turn) std::ignore = domain::add_device(definitions.at(domid), std::move(device));
        co_return turn;
    }
    async::Task<Result<>> detach(DomId domid, domain::Device device, Operation operation) override {
        auto turn = co_await begin("detach", operation, domid);
        if (turn) std::ignore = domain::remove_device(definitions.at(domid), device);
        co_return turn;
    }
    async::Task<Result<>> update(DomId domid, domain::Device device, Operation operation) override {
        auto turn = co_await begin("update", operation, domid);
        if (turn) std::ignore = domain::replace_device(definitions.at(domid), std::move(device));
        co_return turn;
    }
    async::Task<Result<>> set_vnc_password(DomId domid, std::string password, Operation operation) override {
        auto turn = co_await begin("set_vnc_password", operation, domid);
        if (turn) definitions.at(domid).graphics.vnc->password = std::move(password);
        co_return turn;
    }
    async::Task<Result<>> resize_disk(DomId domid, domain::Disk disk, std::uint64_t bytes,
                                      Operation operation) override {
        auto turn = co_await begin("resize_disk", operation, domid);
        if (turn) disk_sizes[to_string(disk.target)].capacity = bytes;
        co_return turn;
    }
    async::Task<Result<std::vector<hypervisor::Neighbour>>> neighbours() override { co_return known; }
    async::Task<Result<std::vector<hypervisor::HostPciDevice>>> pci_devices() override { co_return pci; }
    async::Task<Result<std::vector<hypervisor::HostUsbDevice>>> usb_devices() override { co_return usb; }
    async::Task<Result<std::vector<hypervisor::HostDevice>>> host_devices() override {
        const Operation operation;
        const auto turn = co_await begin("host_devices", operation);
        if (!turn) co_return std::unexpected(turn.error());
        co_return others;
    }
    void on_host_devices(std::function<void()> again) override { host_devices_again = std::move(again); }
    async::Task<Result<>> set_assignable(domain::PciAddress address, bool assignable,
                                         Operation operation) override {
        auto turn = co_await begin("set_assignable", operation);
        for (auto& device : pci)
            if (turn && device.address == address) device.assignable = assignable;
        co_return turn;
    }
    async::Task<Result<>> reset_pci(domain::PciAddress, Operation operation) override {
        return begin("reset_pci", operation);
    }
    async::Task<Result<>> pin_vcpu(DomId domid, unsigned vcpu, domain::CpuSet cpus,
                                   Operation operation) override {
        auto turn = co_await begin("pin_vcpu", operation, domid);
        if (turn) tunings[domid].pins[vcpu] = std::move(cpus);
        co_return turn;
    }
    async::Task<Result<std::string>> scheduler(DomId domid) override {
        const Operation operation;
        const auto turn = co_await begin("scheduler", operation, domid);
        if (!turn) co_return std::unexpected(turn.error());
        const auto found = schedulers.find(domid);
        co_return found == schedulers.end() ? facts.scheduler : found->second;
    }
    async::Task<Result<domain::CpuShare>> cpu_share(DomId domid) override {
        const Operation operation;
        const auto turn = co_await begin("cpu_share", operation, domid);
        if (!turn) co_return std::unexpected(turn.error());
        co_return tunings[domid].share;
    }
    async::Task<Result<>> set_cpu_share(DomId domid, domain::CpuShare share, Operation operation) override {
        auto turn = co_await begin("set_cpu_share", operation, domid);
        if (turn) tunings[domid].share = share;
        co_return turn;
    }
    async::Task<Result<domain::CpuSet>> memory_nodes(DomId domid) override {
        const Operation operation;
        const auto turn = co_await begin("memory_nodes", operation, domid);
        if (!turn) co_return std::unexpected(turn.error());
        co_return nodes[domid];
    }
    async::Task<Result<>> suspend(DomId domid, Operation operation) override {
        auto turn = co_await begin("suspend", operation, domid);
        if (turn) truth.at(domid).stopped = hypervisor::StopReason::suspend;
        co_return turn;
    }
    /// "create_core" stands for all that has to be there before the guest is held.
    async::Task<Result<>> dump_core(DomId domid, std::filesystem::path path, hypervisor::Hold hold,
                                    Operation operation) override {
        if (auto created = co_await begin("create_core", operation, domid); !created) co_return created;
        progress = operation.progress;
        progress->bytes_all = truth.at(domid).memory_kib * 1024;
        if (hold)
            if (auto held = co_await hold(); !held) co_return held;
        progress->bytes = 1000;
        auto turn = co_await begin("dump", operation, domid);
        if (turn) dumps[path] = truth.at(domid).paused;
        co_return turn;
    }
    async::Task<Result<>> destroy(DomId domid, Operation operation) override {
        auto turn = co_await begin("destroy", operation, domid);
        if (turn) vanish(domid);
        co_return turn;
    }
    async::Task<Result<>> save(DomId domid, hypervisor::ImageHead head, std::filesystem::path path,
                               Operation operation) override {
        bypassed_cache = operation.bypass_cache;
        progress = operation.progress;
        progress->bytes = 1000;
        progress->bytes_all = head.definition.memory_kib * 1024;
        auto turn = co_await begin("save", operation, domid);
        if (!turn) co_return turn;
        truth.at(domid).stopped = hypervisor::StopReason::suspend;
        images[path] = std::move(head);
        saved(path);
        co_return turn;
    }
    async::Task<> take_back_save(DomId domid) override {
        std::ignore = co_await begin("take_back_save", {}, domid);
    }
    async::Task<Result<hypervisor::ImageHead>> read_image(std::filesystem::path path) override {
        const Operation operation;
        const auto turn = co_await begin("read_image", operation);
        if (!turn) co_return std::unexpected(turn.error());
        const auto found = images.find(path);
        if (found == images.end()) co_return fail(Reason::io, "cannot open '{}'", path.string());
        auto head = found->second;
        head.bytes = bytes_of(path);
        co_return head;
    }
    async::Task<Result<>> rewrite_image(hypervisor::KnownImage image, hypervisor::ImageHead head,
                                        Operation operation) override {
        auto turn = co_await begin("rewrite_image", operation);
        if (turn) turn = check_is_there(image);
        if (turn) images[image.path] = std::move(head);
        co_return turn;
    }
    async::Task<Result<hypervisor::Created>> restore(domain::Definition definition,
                                                     hypervisor::KnownImage image,
                                                     Operation operation) override {
        bypassed_cache = operation.bypass_cache;
        const auto turn = co_await begin("restore", operation);
        if (!turn) co_return std::unexpected(turn.error());
        if (const auto there = check_is_there(image); !there) co_return std::unexpected(there.error());
        const auto domid = make(definition, true);
        co_return hypervisor::Created{domid, definitions[domid].consoles};
    }
    async::Task<Result<>> resume(DomId domid, Operation operation) override {
        auto turn = co_await begin("resume", operation, domid);
        if (turn) truth.at(domid).stopped.reset();
        co_return turn;
    }
    async::Task<Result<>> soft_reset(DomId domid, Operation operation) override {
        auto turn = co_await begin("soft_reset", operation, domid);
        if (!turn) co_return turn;
        truth.at(domid).stopped.reset();
        truth.at(domid).paused = true;
        co_return turn;
    }
    async::Task<Result<domain::Definition>> describe(DomId domid, async::CancelToken cancel) override {
        const Operation operation{.cancel = std::move(cancel)};
        const auto turn = co_await begin("describe", operation, domid);
        if (!turn) co_return std::unexpected(turn.error());
        co_return definitions.at(domid);
    }
    async::Task<Result<>> check_whole(DomId domid, async::CancelToken cancel) override {
        co_return co_await begin("check_whole", Operation{.cancel = std::move(cancel)}, domid);
    }

 private:
    /// Of the head of an image.
    std::string bytes_of(const std::filesystem::path& path) const {
        const auto found = images.find(path);
        return found == images.end() ? "" : hypervisor::format_image_head(found->second);
    }
    Result<> check_is_there(const hypervisor::KnownImage& image) const {
        if (bytes_of(image.path) == image.head) return {};
        return fail(Reason::invalid_state, "'{}' has been replaced meanwhile", image.path.string());
    }
    async::Task<Result<>> begin(std::string call, Operation operation, std::optional<DomId> domid = {}) {
        calls.push_back(call);
        const async::Completion<bool> done;
        const auto held = held_.find(call);
        if (held != held_.end())
            held->second.push_back(done);
        else
            scheduler_.post([done] { done.set(true); });
        const auto registration = operation.cancel.on_cancel([done] { done.set(false); });
        const bool goes_on = co_await done;
        if (!goes_on) co_return fail(Reason::cancelled, "cancelled");
        before_effect(call);
        auto& fails = fails_[call];
        if (!fails.empty()) {
            auto error = std::move(fails.front());
            fails.erase(fails.begin());
            co_return std::unexpected(std::move(error));
        }
        if (domid && !truth.contains(*domid)) co_return fail(Reason::no_domain, "domid {} is gone", *domid);
        co_return Result<>{};
    }

    async::Scheduler& scheduler_;
    std::function<void()> again_;
    std::map<hypervisor::LifeId, DomId> followed_;
    std::map<std::string, std::vector<Error>> fails_;
    std::map<std::string, std::vector<async::Completion<bool>>> held_;
};

}  // namespace virtlight::manager
