// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/definition.hpp"
#include "domain/event.hpp"
#include "domain/state.hpp"
#include "hypervisor/disk_files.hpp"
#include "manager/job_queue.hpp"
#include "manager/life_state.hpp"
#include "manager/managed_image.hpp"
#include "manager/manager.hpp"
#include "manager/store.hpp"

namespace virtlight::manager {

/// The order of what was asked and what was done, on the core thread.
using Moment = Id<struct MomentTag>;

/// A job in its turn, as seen from outside.
struct RunningJob {
    JobId id;
    JobKind kind;
    Time since{};
    std::shared_ptr<hypervisor::Progress> progress{};
    std::string client{};               ///< who asked for it; empty: the daemon itself
    bool to_be_finished = false;        ///< its guest is being removed: no client may abort it any more
    std::shared_ptr<const Time> due{};  ///< when it is given up: later with each byte of an image that moves
};

JobReport report(const RunningJob& job, Time now);

/// All that is known of one domain. It is there for clients while it is defined, runs or is being started;
/// its record stays while it has jobs.
struct Domain {
    Uuid uuid{};
    std::string name{};
    bool control = false;  ///< Domain-0: shown, and refused every change but where it runs, and how much

    std::optional<domain::Definition> stored{};
    bool autostart = false;
    bool autostart_once = false;
    ManagedImage image{};

    std::optional<Life> life{};
    std::optional<domain::Definition> making{};  ///< what it is being started with
    /// A definition of nothing but the device that its guest is being given just now.
    std::shared_ptr<const domain::Definition> coming{};
    /// What the paths of its disks led to when they were looked at, by path; an empty value: nothing was
    /// found.
    std::map<std::string, std::optional<hypervisor::FileIdentity>> disk_files{};
    std::vector<std::string>
        warnings{};  ///< what may keep it from starting, as manager/warnings.cpp finds it
    domain::Status status{};
    std::optional<Anew> restarting{};  ///< set while its guest is ended to be started anew
    unsigned short_lives = 0;  ///< how many lives in a row were short, each started anew after the last

    JobQueue queue{};
    std::optional<RunningJob> job{};  ///< whose turn it is
    std::optional<RunningJob>
        request{};  ///< the shutdown or reboot that waits for the guest, beside a job or alone
    std::optional<JobReport> last_job{};  ///< the last save or restore that has ended
    unsigned changing = 0;                ///< operations in flight that change what a look sees
    Moment settled{};                     ///< when the last of them had ended: no look from before counts

    bool exists() const { return stored || life || making; }
    int domid() const { return life ? static_cast<int>(life->domid) : -1; }
    /// Whether a look that was asked for at that moment tells the truth about this domain.
    bool believes(Moment asked) const { return changing == 0 && asked > settled; }
    domain::Event event(domain::EventKind kind) const { return {name, uuid, domid(), kind}; }
};

using DomainRef = std::shared_ptr<Domain>;

/// The job, or else the request, that is under way on it. Null: none.
const RunningJob* current_job(const Domain& domain);

/// `domain` exists.
DomainInfo info(const Domain& domain);

/// Whether its guest runs with another definition than the stored one. Compares all of both.
bool is_updated(const Domain& domain);

/// The definition that clients see; empty if the domain does not exist.
const domain::Definition* definition(const Domain& domain, Which which);

/// What it runs with, or is being started with; null if it does not run and is not being started.
const domain::Definition* in_use(const Domain& domain);

/// The definitions whose disks and devices no other domain may get because of this one: what it runs with or
/// is being started with, and what is on its way to it, or may be. Null: nothing.
std::array<const domain::Definition*, 3> claims(const Domain& domain);

/// The definition that clients see as a value, with the memory that a running guest has now. `domain` exists.
domain::Definition shown(const Domain& domain, Which which);

/// The domain as it is to be kept with this definition.
Stored to_store(const Domain& domain, domain::Definition definition);

/// As it was before a guest ran with it: without ttys, the port that its VNC server has taken, and the
/// bridges that were found for networks.
domain::Definition at_rest(domain::Definition definition);

/// The definition with which a guest that ran with `ran` starts anew: it hangs on the same bridges should
/// those who know networks not answer.
domain::Definition keeping_bridges(domain::Definition definition, const domain::Definition& ran);

}  // namespace virtlight::manager
