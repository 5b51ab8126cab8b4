// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <map>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/jobs.hpp"
#include "manager/operations.hpp"
#include "manager/renaming.hpp"

namespace virtlight::manager {

/// Makes what we know agree with what Xen runs. Looks when something calls for it, and once in a while, as
/// Xen does not tell everything; at most one look is in flight, however often it is called. The same
/// comparison serves the start of the daemon, domains of other tools and whatever was missed.
class Reconciler {
 public:
    /// The references must outlive run().
    Reconciler(Core& core, Jobs& jobs, Guests& guests, Renaming& renaming)
        : core_(core), jobs_(jobs), guests_(guests), renaming_(renaming) {}

    /// Looks again and again, until stop(). To be spawned once.
    async::Task<> run();
    void stop();
    /// Have a look soon.
    void attend();

    /// Compares, and acts on what differs. `asked` is the moment before look() was called.
    void apply(const hypervisor::Snapshot& snapshot, Moment asked);
    /// The descriptions of other tools' domains that are being fetched.
    async::Scope& adoptions() { return adoptions_; }

 private:
    /// A domain of Xen's that is none of ours, yet.
    struct Stranger {
        Uuid uuid{};
        Time since{};            ///< first seen
        bool described = false;  ///< is being, just now, or has yet to be
        bool reported = false;
    };

    async::Task<> look();
    void observe(const DomainRef& domain, const hypervisor::DomainSeen* seen);
    void observe_host(Domain& control, const hypervisor::DomainSeen& seen);
    bool has_new_name(const Domain& domain, const hypervisor::DomainSeen& before) const;
    void tell_figures(const Domain& domain, const hypervisor::DomainSeen& before,
                      const hypervisor::DomainSeen& now);
    void follow_model(const Domain& domain, Life& life);
    void follow_ending(const DomainRef& domain, const Ending& ending);
    void consider(const hypervisor::DomainSeen& seen, Moment asked);
    async::Task<> adopt_found();
    async::Task<> adopt(hypervisor::DomainSeen seen);
    DomainRef record_for(const hypervisor::DomainSeen& seen);
    void show_stranger(const DomainRef& domain, Life life);
    void describe_again(const DomainRef& domain);
    async::Task<> complete(DomainRef domain, hypervisor::LifeId life);
    void take_up(const DomainRef& domain, domain::Definition described);
    void set_image_aside(const DomainRef& domain);
    void report(hypervisor::DomId domid, std::string_view why);

    Core& core_;
    Jobs& jobs_;
    Guests& guests_;
    Renaming& renaming_;
    bool stopping_ = false;
    bool wanted_ = false;
    bool blind_ = false;  ///< the last look failed
    async::Completion<bool> wake_;
    std::map<hypervisor::DomId, Stranger> strangers_;
    std::deque<hypervisor::DomainSeen> found_;  ///< those of them that have yet to be described
    async::Scope adoptions_;
    async::CancelSource describing_;  ///< whatever is being described: not waited for at the end
};

}  // namespace virtlight::manager
