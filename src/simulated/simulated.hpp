// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "hypervisor/image_writer.hpp"
#include "hypervisor/port.hpp"
#include "simulated/faults.hpp"
#include "simulated/machine.hpp"
#include "simulated/waiters.hpp"

namespace virtlight::simulated {

/// The daemon's view of a simulated machine: each operation takes its time, can be cancelled, and goes wrong
/// where the fault plan says so. Kernels and initrds must be readable files, and are otherwise not looked at.
///
/// A daemon that is killed is a Simulated that is destroyed, with the tasks of its operations before it,
/// while the machine goes on: what was half made then stays half made, as on Xen.
class Simulated : public hypervisor::Hypervisor {
 public:
    /// All three must outlive it; no task of its operations may.
    Simulated(Machine& machine, async::Scheduler& scheduler, async::Blocking& blocking);
    ~Simulated() override;

    const hypervisor::HostFacts& host() const override { return host_; }
    async::Task<Result<hypervisor::Snapshot>> look() override;
    async::Task<Result<std::vector<hypervisor::DomainFigures>>> measure(
        hypervisor::FiguresWanted wanted) override;
    async::Task<Result<hypervisor::HostFigures>> measure_host() override;
    async::Task<Result<hypervisor::DiskSize>> disk_size(domain::Disk disk) override;
    async::Task<Result<std::string>> peek_disk(domain::Disk disk, std::uint64_t offset,
                                               std::size_t bytes) override;
    async::Task<std::vector<Result<std::optional<hypervisor::FileIdentity>>>> identify_files(
        std::vector<std::string> paths, async::CancelToken cancel) override;
    async::Task<Result<std::vector<std::string>>> missing_files(domain::Definition definition) override;
    async::Task<Result<hypervisor::Picture>> screenshot(DomId domid) override;
    void on_attention(std::function<void()> again) override { again_ = std::move(again); }
    void follow(hypervisor::LifeId life, DomId domid) override;
    void unfollow(hypervisor::LifeId life) override;
    void follow_ttys(hypervisor::LifeId life, DomId domid, std::vector<domain::Console> consoles,
                     hypervisor::TtysTold told) override;
    bool may_still_come(const Uuid&) const override { return false; }
    async::Task<Result<hypervisor::Created>> create(domain::Definition definition,
                                                    hypervisor::Operation operation) override;
    async::Task<Result<>> unpause(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> pause(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> request_shutdown(DomId domid, hypervisor::ShutdownMethod method,
                                           hypervisor::Operation operation) override;
    async::Task<Result<>> request_reboot(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> inject_nmi(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> send_keys(DomId domid, hypervisor::KeyPress press,
                                    hypervisor::Operation operation) override;
    async::Task<Result<>> send_sysrq(DomId domid, char key, hypervisor::Operation operation) override;
    async::Task<Result<>> rename(DomId domid, std::string name, hypervisor::Operation operation) override;
    async::Task<Result<>> set_memory(DomId domid, std::uint64_t memory_kib,
                                     hypervisor::Operation operation) override;
    async::Task<Result<>> set_memory_max(DomId domid, std::uint64_t memory_kib,
                                         hypervisor::Operation operation) override;
    async::Task<Result<>> set_vcpus(DomId domid, unsigned vcpus, hypervisor::Operation operation) override;
    async::Task<Result<>> attach(DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> detach(DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> update(DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> set_vnc_password(DomId domid, std::string password,
                                           hypervisor::Operation operation) override;
    async::Task<Result<>> resize_disk(DomId domid, domain::Disk disk, std::uint64_t bytes,
                                      hypervisor::Operation operation) override;
    async::Task<Result<std::vector<hypervisor::Neighbour>>> neighbours() override;
    async::Task<Result<std::vector<hypervisor::HostPciDevice>>> pci_devices() override;
    async::Task<Result<std::vector<hypervisor::HostUsbDevice>>> usb_devices() override;
    async::Task<Result<std::vector<hypervisor::HostDevice>>> host_devices() override;
    void on_host_devices(std::function<void()> again) override { host_devices_again_ = std::move(again); }
    bool may_still_change(const domain::PciAddress&) const override { return false; }
    async::Task<Result<>> set_assignable(domain::PciAddress address, bool assignable,
                                         hypervisor::Operation operation) override;
    async::Task<Result<>> reset_pci(domain::PciAddress address, hypervisor::Operation operation) override;
    async::Task<Result<>> pin_vcpu(DomId domid, unsigned vcpu, domain::CpuSet cpus,
                                   hypervisor::Operation operation) override;
    async::Task<Result<std::string>> scheduler(DomId domid) override;
    async::Task<Result<domain::CpuShare>> cpu_share(DomId domid) override;
    async::Task<Result<>> set_cpu_share(DomId domid, domain::CpuShare share,
                                        hypervisor::Operation operation) override;
    async::Task<Result<domain::CpuSet>> memory_nodes(DomId domid) override;
    async::Task<Result<>> suspend(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> dump_core(DomId domid, std::filesystem::path path, hypervisor::Hold hold,
                                    hypervisor::Operation operation) override;
    async::Task<Result<>> destroy(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> save(DomId domid, hypervisor::ImageHead head, std::filesystem::path path,
                               hypervisor::Operation operation) override;
    async::Task<> take_back_save(DomId domid) override;
    async::Task<Result<hypervisor::ImageHead>> read_image(std::filesystem::path path) override;
    async::Task<Result<>> rewrite_image(hypervisor::KnownImage image, hypervisor::ImageHead head,
                                        hypervisor::Operation operation) override;
    async::Task<Result<hypervisor::Created>> restore(domain::Definition definition,
                                                     hypervisor::KnownImage image,
                                                     hypervisor::Operation operation) override;
    async::Task<Result<>> resume(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> soft_reset(DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<domain::Definition>> describe(DomId domid, async::CancelToken cancel) override;
    async::Task<Result<>> check_whole(DomId domid, async::CancelToken cancel) override;

    FaultPlan& faults() { return faults_; }
    /// Lives that are followed now: whoever forgets to unfollow is found here.
    std::size_t followed() const { return followed_.size(); }

 private:
    struct Attempt;

    Attempt begin(OperationKind kind, std::string what, async::CancelToken cancel = {});
    async::Task<End> wait(Attempt& attempt, async::Completion<End> ended, Duration bound);
    async::Task<Result<>> pass(Attempt& attempt, Duration usual, DomId domid);
    template <class Act>
    async::Task<std::invoke_result_t<Act>> command(OperationKind kind, std::string what, DomId domid,
                                                   async::CancelToken cancel, Act act);
    async::Task<Result<>> check(Attempt& attempt, std::function<Result<>()> look);
    async::Task<Result<>> check_device(Attempt& attempt, const domain::Device& device);
    async::Task<Result<>> check_files(Attempt& attempt, const domain::Definition& definition);
    async::Task<Result<hypervisor::Created>> build(Attempt& attempt, const Machine::Begun& begun);
    async::Task<Result<hypervisor::Created>> finish(Attempt& attempt, const Machine::Begun& begun);
    async::Task<Result<>> suspend_guest(Attempt& attempt, DomId domid);
    async::Task<Result<>> suspend_and_write(Attempt& attempt, DomId domid,
                                            std::shared_ptr<hypervisor::ImageWriter> image,
                                            hypervisor::Operation operation);
    async::Task<Result<>> write_core(Attempt& attempt, DomId domid,
                                     std::shared_ptr<hypervisor::ImageWriter> image, hypervisor::Hold hold,
                                     hypervisor::Operation operation);
    async::Task<Result<>> finish_image(Attempt& attempt, std::shared_ptr<hypervisor::ImageWriter> image,
                                       Machine::Memory memory);
    async::Task<> let_go_of(std::shared_ptr<hypervisor::ImageWriter> image);
    async::Task<Result<>> pass_telling(Attempt& attempt, DomId domid, Machine::Memory memory,
                                       hypervisor::Operation operation);
    async::Task<> abandon(const Machine::Begun& begun);
    async::Task<Result<>> request(Attempt& attempt, DomId domid, hypervisor::StopReason wish);
    void heard(DomId domid, Happening happening);
    void tell_ttys(hypervisor::LifeId life);
    void call_for_attention();
    void tell_of_host_devices();

    Machine& machine_;
    async::Scheduler& scheduler_;
    async::Blocking& blocking_;
    const hypervisor::HostFacts host_;
    FaultPlan faults_;
    Waiters acknowledgements_;
    Waiters departures_;
    Waiters suspensions_;
    struct Watched {
        DomId domid = 0;
        hypervisor::TtysTold told;
    };
    std::unordered_set<hypervisor::LifeId> followed_;
    std::map<hypervisor::LifeId, Watched> ttys_;
    std::shared_ptr<Simulated*> self_;  ///< for posted work, which may come after this
    std::function<void()> again_;
    std::function<void()> host_devices_again_;
    async::TimerId attention_;
};

}  // namespace virtlight::simulated
