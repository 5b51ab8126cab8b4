// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "domain/device.hpp"
#include "domain/device_edit.hpp"
#include "domain/event.hpp"
#include "domain/job.hpp"
#include "domain/metadata.hpp"
#include "domain/state.hpp"
#include "hypervisor/port.hpp"
#include "manager/store.hpp"

namespace virtlight::manager {

/// A domain at this moment, as the core knows it.
struct DomainInfo {
    std::string name;
    Uuid uuid{};
    int domid = -1;  ///< -1: not running
    domain::Status status{};
    domain::GuestType type = domain::GuestType::pv;
    bool persistent = false;
    bool autostart = false;
    bool autostart_once = false;  ///< at the next boot of the host alone
    bool managed_image = false;   ///< its next start goes on from where it was saved
    bool model_ended = false;     ///< it runs without its device model, which has ended
    std::uint64_t memory_kib = 0;
    std::uint64_t memory_max_kib = 0;
    unsigned vcpus = 0;  ///< online
    unsigned vcpus_max = 0;
    nanoseconds cpu_time{};
};

struct StartOptions {
    bool paused = false;
    bool fresh = false;         ///< boots it although it was saved; what was saved is dropped then
    bool bypass_cache = false;  ///< an image is read without leaving it in the host's page cache
    unsigned vcpus_online = 0;  ///< of a guest that is restored: as ImageHead's
};

struct SaveOptions {
    bool paused = false;                             ///< it is restored paused, unless that is said then
    std::optional<domain::Definition> definition{};  ///< it is restored with this one instead of its own
    bool bypass_cache = false;                       ///< the image is not left in the host's page cache
};

struct RestoreOptions {
    std::optional<bool> paused{};                    ///< none: as the image says
    std::optional<domain::Definition> definition{};  ///< none: as the image says
    bool bypass_cache = false;
};

/// What a change of memory or vCPUs is for; neither: the guest if it runs, else the definition.
struct Affects {
    bool guest = false;
    bool definition = false;  ///< for the next start
};

struct DumpOptions {
    enum class Then { go_on, end_as_crashed, reset };
    bool live = false;          ///< the guest runs meanwhile, and its core may not be of one moment
    bool bypass_cache = false;  ///< the core is not left in the host's page cache
    Then then = Then::go_on;
};

/// How an image is to be restored from now on.
struct ImageChange {
    domain::Definition definition;
    std::optional<bool> paused{};  ///< none: as before
};

/// What is to be done from now on when the guest stops in one way.
struct LifecycleChange {
    domain::LifecycleAction domain::Definition::* occasion = nullptr;  ///< &Definition::on_crash
    domain::LifecycleAction action{};
};

using JobReport = domain::JobReport;

struct DiskOfDomain {
    domain::DiskName target{};
    std::string path;
    std::optional<hypervisor::DiskSize> size{};
};
using DisksOfDomains = std::map<Uuid, std::vector<DiskOfDomain>>;

/// Which of a domain's definitions: the one it runs with (if it runs), or the stored one.
enum class Which { live, stored };

/// How a life has begun: made a moment ago and not let run before it is told of, or found running.
enum class Birth { booted, restored, found };

/// A life that has begun, for those who keep something for its time.
struct LifeBegun {
    hypervisor::LifeId life{};
    hypervisor::DomId domid = 0;
    Uuid uuid{};
    std::string name{};
    std::vector<domain::Console> consoles{};
    Birth birth = Birth::found;
};

/// Is told when the hypervisor begins and ceases to follow a life, and of each domain that is neither defined
/// nor running any more. It is called in the midst of the change, and must not call back.
class LifeWatcher {
 public:
    virtual ~LifeWatcher() = default;
    virtual void life_began(const LifeBegun& begun) = 0;
    virtual void life_ended(Uuid uuid, hypervisor::LifeId life) = 0;
    /// The domain is neither defined nor running any more. Not called while the daemon ends, as the next one
    /// may have to start it anew; may be called more than once, and for a domain that never ran.
    virtual void domain_gone(Uuid uuid) = 0;
};

class Networks;

/// All domains of the host: the one owner of their state. Lives on the core thread; every member is called
/// there.
///
/// Reads answer at once from what the core knows. Changes are tasks: they queue behind the other operations
/// of the same domain, and only of it, and end once. Acting on a domain that is gone is Reason::no_domain.
class Manager {
 public:
    /// The references must outlive the manager.
    Manager(async::Scheduler& scheduler, hypervisor::Hypervisor& hypervisor, Store& store);
    /// Without shut_down() before, what is under way is dropped where it stands, as when the process is
    /// killed; nobody may wait for it then, and the scheduler may do nothing more for it.
    ~Manager();

    /// Reads the store, looks at the hypervisor, adopts what runs. Nothing else may be called before it has
    /// ended well.
    async::Task<Result<>> start_up();
    /// To be called before start_up(). The watcher must outlive the manager's last operation.
    void watch_lives(LifeWatcher& watcher);
    /// The same, of whoever knows libvirt's networks: without one no guest that is on one starts. Must
    /// outlive the manager.
    void use_networks(Networks& networks);
    /// Before start_up(), if at all: where each domain's timeline is kept. `blocking` must outlive the
    /// manager.
    void keep_timelines(async::Blocking& blocking, std::filesystem::path folder);
    /// Starts what is to be started with the host, a few at a time and beside all else, unless a daemon has
    /// done so in this boot of the host. To be called once, after start_up().
    void autostart(std::string boot);
    /// Refuses new operations, cancels what runs and waits for it (bounded). Guests are not touched.
    async::Task<> shut_down();

    // Reads
    const hypervisor::HostFacts& host() const;
    std::uint64_t memory_free_kib() const;
    /// Running ones first by domid, then the others by name.
    std::vector<DomainInfo> list() const;
    Result<DomainInfo> find(Uuid uuid) const;
    Result<DomainInfo> find_by_name(std::string_view name) const;
    Result<DomainInfo> find_by_domid(int domid) const;
    Result<domain::Definition> definition(Uuid uuid, Which which) const;
    /// Whether the stored definition differs from the one that its guest runs with.
    Result<bool> is_updated(Uuid uuid) const;
    /// What was missing of the stored definition's files soon after it was defined, and other things that are
    /// likely to keep it from starting, in sentences; none any more once it has been started.
    Result<std::vector<std::string>> warnings(Uuid uuid) const;

    /// As hypervisor::Hypervisor::measure(), and now; waits for nothing else.
    async::Task<Result<std::vector<hypervisor::DomainFigures>>> measure(hypervisor::FiguresWanted wanted);

    /// As hypervisor::Hypervisor::measure_host().
    async::Task<Result<hypervisor::HostFigures>> measure_host();
    /// Of the disk with this target or this source, of the guest if it runs. invalid_argument: there is none.
    async::Task<Result<hypervisor::DiskSize>> disk_size(Uuid uuid, std::string disk);
    /// As hypervisor::Hypervisor::peek_disk(), of the disk that disk_size() means.
    async::Task<Result<std::string>> peek_disk(Uuid uuid, std::string disk, std::uint64_t offset,
                                               std::size_t bytes);
    /// The disks of these domains (none: of all), of the guests that run and of the definitions of others,
    /// with what their sources say of themselves: as far as they do so within `patience`, or did before.
    async::Task<DisksOfDomains> disks(std::vector<Uuid> of, Duration patience);
    /// As hypervisor::Hypervisor::screenshot(). invalid_state: the domain does not run.
    async::Task<Result<hypervisor::Picture>> screenshot(Uuid uuid);

    /// As async::give_way(), on the core.
    async::Task<> give_way();

    /// The scheduler of a guest that runs, as hypervisor::Hypervisor::scheduler(), or the host's.
    async::Task<Result<std::string>> scheduler(Uuid uuid);
    /// What Xen's scheduler gives a guest that runs. invalid_state: it does not.
    async::Task<Result<domain::CpuShare>> cpu_share(Uuid uuid);

    /// As hypervisor::Hypervisor::memory_nodes(). invalid_state: the domain does not run.
    async::Task<Result<domain::CpuSet>> memory_nodes(Uuid uuid);

    /// What is being done to it, in its turn.
    Result<JobReport> job(Uuid uuid) const;
    /// The last save or restore of it that has ended.
    Result<JobReport> last_job(Uuid uuid) const;

    // Changes
    /// Stores the definition under its uuid; replaces the one before. domain_exists: name or uuid belongs to
    /// another.
    async::Task<Result<DomainInfo>> define(domain::Definition definition);
    /// Forgets the stored definition; a running domain goes on and is transient.
    /// invalid_state: it has a managed image, and that is not to go with it.
    async::Task<Result<>> undefine(Uuid uuid, bool with_image = false);
    async::Task<Result<DomainInfo>> start(Uuid uuid, StartOptions options);
    /// Starts a domain that is forgotten when it ends, unless one with this name and uuid is stored.
    async::Task<Result<DomainInfo>> create(domain::Definition definition, StartOptions options);
    async::Task<Result<>> suspend(Uuid uuid);
    async::Task<Result<>> resume(Uuid uuid);
    /// Ends when the guest has acknowledged. Without a method: paravirtual, then ACPI where the guest does
    /// not listen.
    async::Task<Result<>> shutdown(Uuid uuid, std::optional<hypervisor::ShutdownMethod> method);
    /// By ACPI a guest can only be asked to power off; it is started anew then.
    async::Task<Result<>> reboot(Uuid uuid, std::optional<hypervisor::ShutdownMethod> method = std::nullopt);
    /// Ends the guest and boots it anew with the definition that it ran with, without asking it.
    async::Task<Result<>> reset(Uuid uuid);
    async::Task<Result<>> inject_nmi(Uuid uuid);
    /// As hypervisor::Hypervisor::send_keys(), and as send_sysrq() if it is not an HVM guest.
    /// unsupported_operation: it is none, and what is pressed is no SysRq.
    async::Task<Result<>> send_keys(Uuid uuid, hypervisor::KeyPress press);
    /// What the guest is to have of its maximum memory, in KiB, rounded up to MiB. It is asked; when and
    /// whether it obliges is seen later. invalid_argument: none, or more than the maximum.
    async::Task<Result<>> set_memory(Uuid uuid, std::uint64_t memory_kib, Affects affects);
    /// A guest that runs cannot get more than it was built for, nor less than it is to have.
    async::Task<Result<>> set_memory_max(Uuid uuid, std::uint64_t memory_kib, Affects affects);
    /// How many of the guest's vCPUs are to be online; as set_memory().
    async::Task<Result<>> set_vcpus(Uuid uuid, unsigned vcpus, Affects affects);
    /// invalid_state: for a guest that runs.
    async::Task<Result<>> set_vcpus_max(Uuid uuid, unsigned vcpus, Affects affects);
    /// Gives a domain a device. invalid_argument: its place is taken; operation_failed: another guest uses
    /// what serves it; unsupported_operation: not while the guest runs.
    async::Task<Result<>> attach_device(Uuid uuid, domain::Device device, Affects affects);
    /// Takes a device away. Ends when the guest has let go of it; timed_out: it has not, and may still do so.
    /// no_device.
    async::Task<Result<>> detach_device(Uuid uuid, domain::Device like, Affects affects);
    async::Task<Result<>> detach_device(Uuid uuid, std::string alias, Affects affects);
    /// Changes the device that is in the same place: of a guest that runs, what is in a CD drive, and how
    /// much a network interface may send and whether its link is up. no_device;
    /// unsupported_operation.
    async::Task<Result<>> update_device(Uuid uuid, domain::Device device, Affects affects);
    /// Changes a device, given as XML, that can come and go in a definition alone; of a guest that runs, the
    /// password of its VNC server. As domain::edit_device(); unsupported_config, unsupported_operation: it
    /// cannot while the guest runs.
    async::Task<Result<>> edit_device(Uuid uuid, std::string xml, domain::DeviceEdit edit, Affects affects);
    /// How many KiB per second the guest may send through a network interface; 0: without bound. no_device.
    async::Task<Result<>> set_nic_rate(Uuid uuid, domain::MacAddress mac, unsigned rate_kib, Affects affects);
    /// Gives a disk of a guest that runs, by its target or its path, so many bytes, rounded up to sectors;
    /// without them all that its block device has. invalid_argument: no such disk, or more than its block
    /// device has; unsupported_operation: fewer than it has, or who serves it cannot.
    async::Task<Result<>> resize_disk(Uuid uuid, std::string disk, std::optional<std::uint64_t> bytes);

    /// As hypervisor::Hypervisor::neighbours().
    async::Task<Result<std::vector<hypervisor::Neighbour>>> neighbours();
    /// The PCI devices of the host, and now; waits for nothing else.
    async::Task<Result<std::vector<hypervisor::HostPciDevice>>> pci_devices();
    /// Its other devices.
    async::Task<Result<std::vector<hypervisor::HostDevice>>> host_devices();
    /// As hypervisor::Hypervisor::on_host_devices().
    void on_host_devices(std::function<void()> again);
    /// As hypervisor::Hypervisor::set_assignable(). operation_failed: a guest that runs has it.
    async::Task<Result<>> set_assignable(domain::PciAddress address, bool assignable);
    /// As hypervisor::Hypervisor::reset_pci(). operation_failed: a guest that runs has it.
    async::Task<Result<>> reset_pci(domain::PciAddress address);

    /// Where one of its vCPUs may run. invalid_argument: it has no such vCPU, or there is no such processor.
    async::Task<Result<>> pin_vcpu(Uuid uuid, unsigned vcpu, domain::CpuSet cpus, Affects affects);
    /// How much of the processors it gets; what is empty stays as it is. invalid_argument: out of range.
    async::Task<Result<>> set_cpu_share(Uuid uuid, domain::CpuShare share, Affects affects);
    /// Also of a guest that runs. invalid_state: the name is taken, or there is a managed image.
    async::Task<Result<>> rename(Uuid uuid, std::string name);
    /// As hypervisor::Hypervisor::dump_core(); unless the dump is a live one, the guest is paused for it,
    /// when there is a file and a turn for it.
    async::Task<Result<>> dump_core(Uuid uuid, std::filesystem::path path, DumpOptions options);
    /// Has the guest suspend itself, and keeps its memory, until wake().
    async::Task<Result<>> sleep(Uuid uuid);
    async::Task<Result<>> wake(Uuid uuid);
    /// Does not queue: cancels what runs on the domain.
    async::Task<Result<>> destroy(Uuid uuid);
    /// Cancels the job that is running on the domain; that one ends then, and not this call. invalid_state:
    /// there is none, or its guest is being removed, and cut short it would leave none. A destroy still ends
    /// it.
    Result<> abort_job(Uuid uuid);
    /// Writes the guest to a file and ends it. As hypervisor::Hypervisor::save().
    async::Task<Result<>> save(Uuid uuid, std::filesystem::path path, SaveOptions options);
    /// The same, to a file of the daemon's from which the next start goes on.
    async::Task<Result<>> managed_save(Uuid uuid, SaveOptions options);
    async::Task<Result<>> remove_managed_image(Uuid uuid);
    async::Task<Result<hypervisor::ImageHead>> read_image(std::filesystem::path path);
    async::Task<Result<hypervisor::ImageHead>> read_managed_image(Uuid uuid);
    /// Has an image restored with another definition. unsupported_config: its guest could not go on with
    /// that; invalid_argument: it is too long to be read back.
    async::Task<Result<>> change_image(std::filesystem::path path, ImageChange change);
    async::Task<Result<>> change_managed_image(Uuid uuid, ImageChange change);
    async::Task<Result<DomainInfo>> restore(std::filesystem::path path, RestoreOptions options);
    async::Task<Result<>> set_autostart(Uuid uuid, bool autostart);
    /// Whether it is started at the next boot of the host, whatever holds for the others.
    async::Task<Result<>> set_autostart_once(Uuid uuid, bool autostart);
    /// As domain::set_metadata(), of the guest that runs, of the definition, or both.
    async::Task<Result<>> set_metadata(Uuid uuid, domain::Metadata metadata, Affects affects);
    /// Of the guest that runs, of the definition, or both. invalid_argument: only a crash leaves a core to
    /// dump; unsupported_operation: another tool made the guest, and sees to its end.
    async::Task<Result<>> set_lifecycle_action(Uuid uuid, LifecycleChange change, Affects affects);

    /// What is asked for while it lives is asked for by this client; the timelines say so.
    class Asking {
     public:
        Asking(Manager& manager, std::string client);
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        ~Asking();

     private:
        Manager& manager_;
    };

    // Events
    using Listener = std::function<void(const domain::Event&)>;
    /// Takes the listener back when it is destroyed. Must not outlive the manager.
    class Subscription {
     public:
        Subscription() = default;
        explicit Subscription(std::function<void()> end) : end_(std::move(end)) {}
        Subscription(Subscription&& other) noexcept : end_(std::exchange(other.end_, nullptr)) {}
        Subscription& operator=(Subscription&& other) noexcept {
            std::swap(end_, other.end_);
            return *this;
        }
        ~Subscription() {
            if (end_) end_();
        }

     private:
        std::function<void()> end_;
    };
    /// Events come in the order of what happened, each once, after the state that they tell of is readable.
    [[nodiscard]] Subscription subscribe(Listener listener);

 private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace virtlight::manager
