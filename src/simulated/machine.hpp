// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "async/scheduler.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "domain/device.hpp"
#include "hypervisor/port.hpp"
#include "simulated/behaviour.hpp"
#include "simulated/console_pty.hpp"
#include "simulated/guest.hpp"
#include "simulated/settings.hpp"

namespace virtlight::simulated {

using hypervisor::DomId;

/// Names one making of a domain; never used again, while its domid is.
using BuildId = Id<struct BuildTag>;

/// What Xen tells of a domain.
enum class Happening { introduced, acknowledged, stopped, dying, gone, ttys };

/// A Xen host in memory: its domains, their guests and the passing of their time. It has no opinion about
/// who asks: Simulated drives it for the daemon, with times, cancels and faults, and others (tests, as `xl`
/// or a guest would) act on it directly and at once. It outlives the daemon that is simulated beside it.
///
/// All members belong to the scheduler's thread. Errors are complete sentences; acting on a domid that is
/// gone or dying is Reason::no_domain, and on Domain-0 Reason::operation_failed, but for where it runs.
class Machine {
 public:
    /// With `consoles` (usually the same loop) each console of a guest is a real pty; without, there are none
    /// and their ttys are empty. Both must outlive the machine.
    explicit Machine(async::Scheduler& scheduler, Settings settings = {},
                     async::FdScheduler* consoles = nullptr);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const Settings& settings() const { return settings_; }
    hypervisor::HostFacts host() const;

    /// O(domains).
    hypervisor::Snapshot look() const;
    /// O(domains).
    std::vector<hypervisor::DomainFigures> measure(const hypervisor::FiguresWanted& wanted) const;
    hypervisor::HostFigures measure_host() const;
    /// Guests answer for the addresses of IPv4 that they may have.
    std::vector<hypervisor::Neighbour> neighbours() const;
    /// A pixmap of stripes. unsupported_operation: the guest has no screen.
    Result<hypervisor::Picture> screenshot(DomId domid) const;
    /// Living and dying domains, Domain-0 among them.
    std::size_t size() const { return domains_.size(); }
    std::uint64_t memory_free_kib() const { return memory_free_kib_; }
    /// invalid_state while the domain is still being built.
    Result<domain::Definition> describe(DomId domid) const;

    /// What others do: a whole domain at once, as `xl create` (`-p`). Files are not looked at.
    Result<DomId> create(const domain::Definition& definition, bool paused = false);
    /// A domain that is dying already stays so.
    Result<> destroy(DomId domid);
    /// Pausing what is paused, and unpausing what is not, changes nothing.
    Result<> pause(DomId domid);
    Result<> unpause(DomId domid);
    Result<> rename(DomId domid, const std::string& name);
    /// The guest stops by itself: a crash, a reboot from within. invalid_state: it has not run yet.
    Result<> stop(DomId domid, hypervisor::StopReason reason);
    /// A guest that has suspended itself, or was asked to, goes on.
    Result<> resume(DomId domid);
    /// A guest that has stopped for a soft reset begins anew, paused. invalid_state: it has not.
    Result<> soft_reset(DomId domid);
    /// Asks the guest to stop (poweroff, reboot or suspend). It acknowledges later, or never.
    Result<> ask(DomId domid, hypervisor::StopReason wish);
    /// Asks it no more, if that stands. False: the guest has acknowledged it before.
    bool withdraw(DomId domid, hypervisor::StopReason wish);

    /// The guest prints that it got one, if it runs.
    Result<> inject_nmi(DomId domid);
    /// The guest prints their numbers, if it runs. operation_failed: it has no keyboard.
    Result<> send_keys(DomId domid, const hypervisor::KeyPress& press);
    /// The guest prints it, if it runs.
    Result<> send_sysrq(DomId domid, char key);
    /// A guest that runs obliges at once, as far as the host has memory; others keep what they have.
    /// invalid_argument: more than it was built for.
    Result<> set_memory(DomId domid, std::uint64_t memory_kib);
    /// invalid_argument: more than it was built for; operation_failed: less than it was asked to have.
    Result<> set_memory_max(DomId domid, std::uint64_t memory_kib);
    /// As set_memory().
    Result<> set_vcpus(DomId domid, unsigned vcpus);

    /// The devices of a guest that runs. invalid_argument: its place is taken.
    Result<> attach(DomId domid, domain::Device device);
    /// Whether the guest would let go of a device that it is asked for.
    Result<bool> lets_go(DomId domid);
    /// no_device.
    Result<> detach(DomId domid, const domain::Device& device);
    Result<> update(DomId domid, domain::Device device);
    /// operation_failed: its VNC server asks for none.
    Result<> set_vnc_password(DomId domid, std::string password);
    const std::vector<hypervisor::HostPciDevice>& pci_devices() const { return settings_.pci_devices; }
    /// Its other devices, each network interface of a guest that runs among them.
    std::vector<hypervisor::HostDevice> host_devices() const;
    /// Whether the host has it. no_node_device.
    Result<> check_pci_device(const domain::PciAddress& address);
    Result<> set_assignable(const domain::PciAddress& address, bool assignable);
    /// invalid_argument: the guest has no such vCPU, or the host none of the processors.
    Result<> pin_vcpu(DomId domid, unsigned vcpu, const domain::CpuSet& cpus);
    Result<domain::CpuShare> cpu_share(DomId domid) const;
    Result<> set_cpu_share(DomId domid, domain::CpuShare share);
    /// The nodes of the guest's cells; all of the host's, if it has no cells.
    Result<domain::CpuSet> memory_nodes(DomId domid) const;

    /// What is to be written of a guest.
    struct Memory {
        Duration ran{};
        std::uint64_t memory_kib = 0;
        unsigned model_vcpus = 0;  ///< 0: it has no device model
        std::optional<Duration> save_takes{};
    };
    Result<Memory> memory_of(DomId domid, std::string_view wish) const;
    /// What is to be written of a guest that has suspended itself. invalid_state: it has not.
    Result<Memory> frozen(DomId domid) const;

    /// A domain in the making: it has a domid, a name and memory, and is listed as paused.
    struct Begun {
        DomId domid = 0;
        BuildId build_id;
        std::string name;
        Behaviour behaviour;
    };
    /// The first step of a create, or of a restore of a guest that had run for so long. invalid_argument: a
    /// malformed word of behaviour; operation_failed: no memory, a name in use, no domid.
    Result<Begun> begin(const domain::Definition& definition, Duration ran = {});
    /// The last step: consoles and screen are there, and Xen tells of the domain. operation_failed: it was
    /// destroyed meanwhile, there is no pty, or another guest has its VNC port.
    Result<> introduce(const Begun& begun);
    /// With its consoles' ttys and its VNC port; empty if this life is over.
    std::optional<hypervisor::Created> created(const Begun& begun) const;
    /// Destroys it, unless that has happened already. False: it is gone.
    bool discard(const Begun& begun);

    /// What happens is told to this one function, in the order of happening and in the midst of it: it must
    /// not call back. Null: to nobody.
    void listen(std::function<void(DomId, Happening)> listener) { listener_ = std::move(listener); }

 private:
    struct Domain {
        DomId domid = 0;
        BuildId build_id{};
        domain::Definition definition{};
        Guest guest;
        bool built = false;
        bool paused = true;
        bool dying = false;
        async::TimerId timer{};              ///< the guest's next step, or the end of dying
        std::uint64_t memory_built_kib = 0;  ///< what it was built for
        std::uint64_t memory_asked_kib = 0;  ///< what it was asked to have; the definition has what it has
        unsigned model_vcpus = 0;  ///< its device model's, if it is an HVM guest: they never get fewer
        std::vector<std::unique_ptr<ConsolePty>> consoles{};
        bool greeted = false;
        double flood = 0;  ///< bytes per second that its consoles print while it runs
        Duration late_tty{};
        async::TimerId tty_timer{};
    };

    hypervisor::HostPciDevice* find_pci_device(const domain::PciAddress& address);
    Result<> take_pci_device(const domain::PciDevice& wanted);
    Result<Domain*> guest(DomId domid, std::string_view wish);
    Result<Domain*> guest_or_host(DomId domid, std::string_view wish);
    Result<const Domain*> guest_or_host(DomId domid, std::string_view wish) const;
    Domain* find(const Begun& begun);
    std::optional<DomId> next_domid();
    Result<> open_consoles(Domain& domain);
    Result<> take_vnc_port(Domain& domain);
    void take_spice_port(Domain& domain) const;
    bool is_vnc_port(unsigned port) const;
    void name_ttys(Domain& domain);
    void greet(Domain& domain);
    void hush(Domain& domain);
    void begin_dying(Domain& domain);
    void bury(DomId domid);
    void stopped(Domain& domain);
    static bool obliges(const Domain& domain);
    void advance(DomId domid);
    void rearm(Domain& domain);
    hypervisor::DomainSeen seen(const Domain& domain) const;
    hypervisor::DomainFigures figures(const Domain& domain, const hypervisor::FiguresWanted& wanted) const;
    domain::CpuSet may_run_on(const Domain& domain, unsigned vcpu) const;
    void tell(DomId domid, Happening happening);

    async::Scheduler& scheduler_;
    async::FdScheduler* consoles_;
    Settings settings_;
    Time began_;
    std::uint64_t memory_free_kib_;
    std::map<DomId, Domain> domains_;
    std::unordered_set<std::string> names_;
    DomId last_domid_ = 0;
    IdSource<struct BuildTag> builds_;
    std::function<void(DomId, Happening)> listener_;
};

}  // namespace virtlight::simulated
