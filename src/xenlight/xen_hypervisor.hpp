// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/storage_threads.hpp"
#include "hypervisor/device_news.hpp"
#include "hypervisor/pci_names.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/attaches.hpp"
#include "xenlight/attention.hpp"
#include "xenlight/autoballoon.hpp"
#include "xenlight/builds.hpp"
#include "xenlight/console_ttys.hpp"
#include "xenlight/context_thread.hpp"
#include "xenlight/core_link.hpp"
#include "xenlight/create.hpp"
#include "xenlight/device_models.hpp"
#include "xenlight/file_looks.hpp"
#include "xenlight/host_memory.hpp"
#include "xenlight/late_suspends.hpp"
#include "xenlight/model_counters.hpp"
#include "xenlight/pci_changes.hpp"
#include "xenlight/save.hpp"
#include "xenlight/stop_request.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// The port to real Xen.
///
/// libxl calls itself asynchronous, but holds its thread and its context for whole phases of an operation:
/// everything that is asked of the same context waits. So there are several, by how they block:
///
///   watching    looks and listens. Only calls that answer in a moment, so that look() always does.
///   asking      pause, unpause, describe, tuning, requests to a guest. They may wait for a minute, as for
///               a guest that does not answer, but they wait in libxl's event loop and hold nobody up.
///   destroying  as asking, but tearing a guest down can hold the thread for some seconds, which must not
///               hold up a pause.
///   measuring   counts, with calls for each vCPU and files for each disk: many domains take their time.
///   working     creation fills the guest's memory inside libxl, for seconds and more: one at a time on each
///               of limits::working_contexts; the rest waits. Disks and devices of the host come and go here,
///               too: libxl opens, unbinds and resets them while it holds the thread.
///   imaging     a guest is saved, restored or dumped, for hours where its disk is slow: one at a time on
///               each of limits::imaging_contexts, so that a start or a reboot need not wait for that.
///
/// So a guest that hangs and a guest being built hold up neither each other nor the end of a third.
///
/// Its members stand in files by what they are about: looking.cpp, following.cpp, running.cpp, tuning.cpp,
/// scheduling.cpp, devices.cpp, device_changes.cpp, pci.cpp and images.cpp; what is left, and what all of
/// them use, in xen_hypervisor.cpp.
class XenHypervisor final : public hypervisor::Hypervisor {
 public:
    /// Opens the contexts and reads the facts of the host; blocks, for limits::libxl_answer at most. `core`
    /// must outlive the result.
    static Result<std::unique_ptr<XenHypervisor>> open(async::FdScheduler& core,
                                                       Autoballoon autoballoon = Autoballoon::automatic);
    /// No operation may be in flight: neither a task of one alive, nor one to be resumed later.
    ~XenHypervisor() override;

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
    async::Task<Result<hypervisor::Picture>> screenshot(hypervisor::DomId domid) override;
    void on_attention(std::function<void()> again) override;
    void follow(hypervisor::LifeId life, hypervisor::DomId domid) override;
    void unfollow(hypervisor::LifeId life) override;
    void follow_ttys(hypervisor::LifeId life, hypervisor::DomId domid, std::vector<domain::Console> consoles,
                     hypervisor::TtysTold told) override;
    bool may_still_come(const Uuid& uuid) const override;
    async::Task<Result<hypervisor::Created>> create(domain::Definition definition,
                                                    hypervisor::Operation operation) override;
    async::Task<Result<>> unpause(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> pause(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> request_shutdown(hypervisor::DomId domid, hypervisor::ShutdownMethod method,
                                           hypervisor::Operation operation) override;
    async::Task<Result<>> request_reboot(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> inject_nmi(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> send_keys(hypervisor::DomId domid, hypervisor::KeyPress press,
                                    hypervisor::Operation operation) override;
    async::Task<Result<>> send_sysrq(hypervisor::DomId domid, char key,
                                     hypervisor::Operation operation) override;
    async::Task<Result<>> rename(hypervisor::DomId domid, std::string name,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> set_memory(hypervisor::DomId domid, std::uint64_t memory_kib,
                                     hypervisor::Operation operation) override;
    async::Task<Result<>> set_memory_max(hypervisor::DomId domid, std::uint64_t memory_kib,
                                         hypervisor::Operation operation) override;
    async::Task<Result<>> set_vcpus(hypervisor::DomId domid, unsigned vcpus,
                                    hypervisor::Operation operation) override;
    async::Task<Result<>> attach(hypervisor::DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> detach(hypervisor::DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> update(hypervisor::DomId domid, domain::Device device,
                                 hypervisor::Operation operation) override;
    async::Task<Result<>> set_vnc_password(hypervisor::DomId domid, std::string password,
                                           hypervisor::Operation operation) override;
    async::Task<Result<>> resize_disk(hypervisor::DomId domid, domain::Disk disk, std::uint64_t bytes,
                                      hypervisor::Operation operation) override;
    async::Task<Result<std::vector<hypervisor::Neighbour>>> neighbours() override;
    async::Task<Result<std::vector<hypervisor::HostPciDevice>>> pci_devices() override;
    async::Task<Result<std::vector<hypervisor::HostUsbDevice>>> usb_devices() override;
    async::Task<Result<std::vector<hypervisor::HostDevice>>> host_devices() override;
    void on_host_devices(std::function<void()> again) override;
    bool may_still_change(const domain::PciAddress& address) const override;
    async::Task<Result<>> set_assignable(domain::PciAddress address, bool assignable,
                                         hypervisor::Operation operation) override;
    async::Task<Result<>> reset_pci(domain::PciAddress address, hypervisor::Operation operation) override;
    async::Task<Result<>> pin_vcpu(hypervisor::DomId domid, unsigned vcpu, domain::CpuSet cpus,
                                   hypervisor::Operation operation) override;
    async::Task<Result<std::string>> scheduler(hypervisor::DomId domid) override;
    async::Task<Result<domain::CpuShare>> cpu_share(hypervisor::DomId domid) override;
    async::Task<Result<>> set_cpu_share(hypervisor::DomId domid, domain::CpuShare share,
                                        hypervisor::Operation operation) override;
    async::Task<Result<domain::CpuSet>> memory_nodes(hypervisor::DomId domid) override;
    async::Task<Result<>> suspend(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> dump_core(hypervisor::DomId domid, std::filesystem::path path,
                                    hypervisor::Hold hold, hypervisor::Operation operation) override;
    async::Task<Result<>> destroy(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> save(hypervisor::DomId domid, hypervisor::ImageHead head,
                               std::filesystem::path path, hypervisor::Operation operation) override;
    async::Task<> take_back_save(hypervisor::DomId domid) override;
    async::Task<Result<hypervisor::ImageHead>> read_image(std::filesystem::path path) override;
    async::Task<Result<>> rewrite_image(hypervisor::KnownImage image, hypervisor::ImageHead head,
                                        hypervisor::Operation operation) override;
    async::Task<Result<hypervisor::Created>> restore(domain::Definition definition,
                                                     hypervisor::KnownImage image,
                                                     hypervisor::Operation operation) override;
    async::Task<Result<>> resume(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<>> soft_reset(hypervisor::DomId domid, hypervisor::Operation operation) override;
    async::Task<Result<domain::Definition>> describe(hypervisor::DomId domid,
                                                     async::CancelToken cancel) override;
    async::Task<Result<>> check_whole(hypervisor::DomId domid, async::CancelToken cancel) override;

 private:
    /// The lives that are followed; they outlast a context that breaks down. The watching thread's.
    using Lives = DeviceModels::Lives;

    explicit XenHypervisor(async::FdScheduler& core);
    static Result<> listen(Context& watching, const std::shared_ptr<Attention>& attention, const Lives& lives,
                           ConsoleTtys& ttys);
    Result<> read_facts(Autoballoon autoballoon);
    Making making_with(Workers& workers) { return {workers, builds_, memory_, looks_, late_}; }
    async::Task<> add_models_counts(std::vector<hypervisor::DomainFigures>& all, Duration patience);
    async::Task<Result<bool>> is_paused(hypervisor::DomId domid, std::string_view verb);
    enum class Whom { guests, host_too };
    async::Task<Result<>> act(ContextThread& thread, std::string verb, hypervisor::DomId domid,
                              hypervisor::Operation operation, ContextThread::Ao ao,
                              Whom whom = Whom::guests);
    async::Task<Result<bool>> has_device(hypervisor::DomId domid, domain::Device device);
    async::Task<Result<Workers::Loan>> thread_for(domain::Device device, std::string what,
                                                  hypervisor::Operation operation);
    static async::Task<Result<>> refuse_change(hypervisor::DomId domid, domain::Device device);
    async::Task<Result<>> change_nic(hypervisor::DomId domid, domain::Nic nic,
                                     hypervisor::Operation operation);
    async::Task<Result<>> change_medium(hypervisor::DomId domid, domain::Disk disk,
                                        hypervisor::Operation operation);
    async::Task<Result<>> show_drive(hypervisor::DomId domid, domain::Disk disk, bool shown);
    async::Task<Result<>> set_link(hypervisor::DomId domid, domain::Nic nic, std::string what);
    async::Task<Result<Operations::Start>> adding(hypervisor::DomId domid, domain::Device device);
    async::Task<Result<>> give(std::shared_ptr<Attach> attach, hypervisor::Operation operation);
    ContextThread::Ao giving(Workers::Loan thread, std::shared_ptr<Attach> attach, Operations::Start start);
    async::Task<Result<>> check_device_files(domain::Device device, std::string what);
    async::Task<Result<>> await_lock(std::string_view verb, hypervisor::DomId domid,
                                     async::CancelToken cancel);
    using Telling = std::function<Result<>(Context&, const std::string& what)>;
    async::Task<Result<>> tell(std::string verb, hypervisor::DomId domid, hypervisor::Operation operation,
                               Telling telling, Whom whom = Whom::guests);
    static async::Task<Result<Workers::Loan>> borrow(Workers& workers, std::string what,
                                                     hypervisor::Operation operation);
    async::Task<Result<>> explained(ContextThread& thread, std::string what, hypervisor::DomId domid,
                                    Result<> acted);
    void follow_anew(hypervisor::DomId domid);
    Movers movers() { return {core_, link_, storage_}; }
    async::Task<Result<>> save_into(hypervisor::DomId domid, std::shared_ptr<hypervisor::ImageWriter> image,
                                    std::string what, hypervisor::Operation operation);
    async::Task<Result<>> dump_into(hypervisor::DomId domid, std::shared_ptr<hypervisor::ImageWriter> image,
                                    hypervisor::Hold hold, std::string what, hypervisor::Operation operation);
    async::Task<Result<>> ask_to_stop(hypervisor::DomId domid, StopRequest request,
                                      hypervisor::Operation operation);
    async::Task<Result<>> press_power_button(hypervisor::DomId domid, hypervisor::Operation operation);

    async::Scheduler& core_;
    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<Attention> attention_;
    std::shared_ptr<Lives> lives_;
    std::shared_ptr<ConsoleTtys> ttys_;     ///< the watching thread's
    std::shared_ptr<DeviceModels> models_;  ///< the watching thread's
    /// Who wants to know the ttys of which life; the core's.
    std::shared_ptr<std::map<hypervisor::LifeId, hypervisor::TtysTold>> ttys_told_;
    hypervisor::HostFacts host_;
    ContextThread watching_;
    ContextThread asking_;
    ContextThread destroying_;
    ContextThread measuring_;
    Workers workers_;
    Workers imagers_;
    Builds builds_;
    Attaches attaches_;
    PciChanges pci_changes_;
    HostMemory memory_;
    async::StorageThreads storage_;
    FileLooks looks_;
    const std::shared_ptr<hypervisor::PciNames> pci_names_ = std::make_shared<hypervisor::PciNames>();
    hypervisor::DeviceNews device_news_;
    async::BlockingThreads model_threads_;  ///< device models answer in time, or not at all
    ModelCounters model_counters_;
    async::Scope late_;  ///< what libxl makes of operations that were given up
    std::size_t in_flight_ = 0;
    LateSuspends late_suspends_;
};

}  // namespace virtlight::xenlight
