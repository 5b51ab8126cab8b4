// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <set>

#include "async/scheduler.hpp"
#include "async/timing.hpp"
#include "hypervisor/port.hpp"
#include "manager/domain.hpp"
#include "manager/event_bus.hpp"
#include "manager/registry.hpp"
#include "manager/store.hpp"
#include "manager/timeline.hpp"

namespace virtlight::manager {

class Networks;

/// What the parts of a manager share: the domains, and the few changes that touch several indices at once.
class Core {
 public:
    Core(async::Scheduler& scheduler, hypervisor::Hypervisor& hypervisor, Store& store);

    /// Registers that the domain runs from here on as `life.domid`, and has the hypervisor follow that life.
    /// Publishes no event of it. Whatever ran under this domid before is taken to have ended, which is
    /// published.
    void begin_life(const DomainRef& domain, Life life, domain::Status status, Birth birth = Birth::found);
    // The next three do nothing to a domain that has no life any more, as when begin_life() has given its
    // domid to another one.

    /// Registers that the domain runs no more, and publishes no event.
    void end_life(const DomainRef& domain, domain::ShutoffReason reason);
    /// The same, and publishes `told`, which has the domid that it ran under.
    void end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::EventKind told);
    /// The same for an end that was only seen: publishes the event that goes with `reason`.
    void see_end(const DomainRef& domain, domain::ShutoffReason reason);

    /// Publishes what an operation of ours has done.
    void tell(const Domain& domain, domain::EventKind kind) { events.publish(domain.event(kind)); }
    /// Publishes what was only seen: it is the guest's doing, or another tool's, whatever operation runs.
    void tell_seen(const Domain& domain, domain::EventKind kind) { events.publish(seen(domain, kind)); }

    /// Drops the record of a domain that is neither defined nor running nor has anything to do, and tells the
    /// watcher.
    void release(const DomainRef& domain);

    async::Scheduler& scheduler;
    hypervisor::Hypervisor& hypervisor;
    Store& store;

    Registry registry;
    EventBus events;
    IdSource<MomentTag> moments;
    IdSource<hypervisor::OperationTag> operations;
    /// When the last domain had ended. A look from before may still show that one: if it shows a domain that
    /// is not known here, that counts for nothing.
    Moment last_end{};
    std::uint64_t memory_free_kib = 0;
    /// The host's PCI devices that are on their way to or from a driver, or are being reset: no guest gets
    /// them.
    std::set<domain::PciAddress> pci_changing{};
    /// Domains whose last start has failed and has, or may have, left something in Xen. The note of each
    /// stays in the store, so that the next daemon removes what is left.
    std::set<Uuid> half_made{};
    /// The daemon ends in order: no job begins, and what is half done is cancelled.
    bool stopping = false;
    Timeline timeline;
    /// The client whose call is being served, if one is: it has asked for what is asked for now.
    std::string client{};
    /// To be called when something may have happened: has the hypervisor looked at soon.
    std::function<void()> attend = [] {};
    LifeWatcher* watcher = nullptr;  ///< may be none
    Networks* networks = nullptr;    ///< may be none

 private:
    static domain::Event seen(const Domain& domain, domain::EventKind kind);
    void end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::Event told);

    IdSource<hypervisor::LifeTag> lives_;
};

/// An operation with a bound that belongs to no job: one about the host, or one that puts right what a job
/// has left, and must not be cancelled with that job.
class Bounded {
 public:
    Bounded(Core& core, Duration bound)
        : deadline_(core.scheduler, core.scheduler.now() + bound, source_),
          operation_{core.operations.next(), source_.token()} {}

    const hypervisor::Operation& operation() const { return operation_; }

 private:
    async::CancelSource source_;
    async::Deadline deadline_;
    hypervisor::Operation operation_;
};

/// As long as it lives, an operation changes what a look sees of the domain, so that looks do not count for
/// it; nor do, afterwards, those that began before its end.
class Changing {
 public:
    Changing(Core& core, DomainRef domain);
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;
    ~Changing();

 private:
    Core& core_;
    DomainRef domain_;
};

/// A pause within Changing, for as long as the operation does nothing and Xen has nothing of the domain: if a
/// guest of it appears meanwhile, another tool has made that, and it is seen at once.
class Resting {
 public:
    Resting(Core& core, DomainRef domain);
    Resting(const Resting&) = delete;
    Resting& operator=(const Resting&) = delete;
    ~Resting() { domain_->changing += changing_; }

 private:
    DomainRef domain_;
    unsigned changing_;
};

/// As long as it lives, the domain's guest is ended to be started anew; should the daemon end meanwhile, the
/// note of its life has the next one finish that.
class Restarting {
 public:
    explicit Restarting(DomainRef domain, Anew how = {}) : domain_(std::move(domain)) {
        domain_->restarting = how;
    }
    Restarting(const Restarting&) = delete;
    Restarting& operator=(const Restarting&) = delete;
    ~Restarting() { domain_->restarting.reset(); }

 private:
    DomainRef domain_;
};

/// As long as it lives, the domain is being started with this definition.
class Making {
 public:
    Making(Core& core, const DomainRef& domain, domain::Definition definition);
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making() { domain_->making.reset(); }

 private:
    DomainRef domain_;
    Changing changing_;
};

}  // namespace virtlight::manager
