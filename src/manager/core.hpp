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

    /// The domain runs from here on, as `domid` with this definition. Followed; nothing is told.
    void begin_life(const DomainRef& domain, Life life, domain::Status status, Birth birth = Birth::found);
    /// It runs no more. Nothing is told: an event wants to name the domid, and comes after the state.
    /// Neither this nor the next one does anything if another domain has got its domid meanwhile: then it has
    /// ended, and that was told.
    void end_life(const DomainRef& domain, domain::ShutoffReason reason);
    /// The same, and tells it.
    void end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::EventKind told);
    /// It was seen to have ended, which is told.
    void see_end(const DomainRef& domain, domain::ShutoffReason reason);
    /// What was done.
    void tell(const Domain& domain, domain::EventKind kind) { events.publish(domain.event(kind)); }
    /// What was seen, whatever is being done just now.
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
    /// When the last domain had ended: what an older look shows beyond the domains that we know may be one
    /// that has ended since.
    Moment last_end{};
    std::uint64_t memory_free_kib = 0;
    /// The host's PCI devices that are on their way to or from a driver, or are being reset: for no guest.
    std::set<domain::PciAddress> pci_changing{};
    /// Those whose last start has failed and has left something in Xen, or may have: what is noted of it is
    /// for the next daemon, which removes that. Each has a file in the store.
    std::set<Uuid> half_made{};
    /// The daemon ends in order: no job begins, and what is half done is cancelled.
    bool stopping = false;
    Timeline timeline;
    /// Whose call is being served, if one is: what is asked for now is asked for by him.
    std::string client{};
    /// Something may have happened: have the hypervisor looked at soon.
    std::function<void()> attend = [] {};
    LifeWatcher* watcher = nullptr;  ///< may be none
    Networks* networks = nullptr;    ///< may be none

 private:
    static domain::Event seen(const Domain& domain, domain::EventKind kind);
    void end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::Event told);

    IdSource<hypervisor::LifeTag> lives_;
};

/// An operation of no job's, but with a bound: one that puts right what a job has left, which may have been
/// cancelled, and this is not with it; or one of the host's.
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

/// An operation changes what a look sees of the domain: until it has ended, looks do not count for it.
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

/// A pause in what is changed about a domain, as long as Xen has nothing of it: a guest of its that comes
/// meanwhile is another tool's, and is seen at once.
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

/// Its guest ends to be started anew, which a daemon that is stopped or killed leaves to the next one.
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

/// A domain is being started with this definition.
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
