// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/life_state.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::manager {
namespace {

using domain::LifecycleAction;
using domain::State;
using domain::Status;
using hypervisor::DomainSeen;
using hypervisor::StopReason;

enum class StopClass { poweroff, reboot, suspend, failure };

StopClass classify(StopReason reason) {
    switch (reason) {
        case StopReason::poweroff: return StopClass::poweroff;
        case StopReason::reboot:
        case StopReason::soft_reset: return StopClass::reboot;
        case StopReason::suspend: return StopClass::suspend;
        // A guest that stopped in a way that Xen has no name for has not stopped well.
        case StopReason::crash:
        case StopReason::watchdog:
        case StopReason::unknown: return StopClass::failure;
    }
    return StopClass::failure;
}

LifecycleAction action(const domain::Definition& definition, StopClass stop) {
    if (stop == StopClass::poweroff) return definition.on_poweroff;
    return stop == StopClass::reboot ? definition.on_reboot : definition.on_crash;
}

/// Nothing is kept of the guest before, so that there is nothing to rename: as in libvirt's Xen driver, the
/// name stays that of the new one.
bool restarts(LifecycleAction action) {
    return action == LifecycleAction::restart || action == LifecycleAction::rename_restart ||
           action == LifecycleAction::coredump_restart;
}

bool dumps(LifecycleAction action) {
    return action == LifecycleAction::coredump_destroy || action == LifecycleAction::coredump_restart;
}

/// What its watchdog makes of a guest, in libvirt's words.
domain::WatchdogAction watchdog_action(LifecycleAction action) {
    if (action == LifecycleAction::preserve) return domain::WatchdogAction::none;
    return restarts(action) ? domain::WatchdogAction::reset : domain::WatchdogAction::poweroff;
}

Verdict judge_stop(const Life& life, StopReason reason) {
    const bool powered_off = classify(reason) == StopClass::poweroff;
    const auto stop = powered_off && life.restart_asked ? StopClass::reboot : classify(reason);
    if (stop == StopClass::suspend)
        return {domain::PmSuspendedReason::unknown, {domain::PmSuspended::memory}};

    const bool failed = stop == StopClass::failure;
    const auto asked = life.stop_asked ? domain::ShutdownReason::user : domain::ShutdownReason::unknown;
    Verdict verdict{failed ? Status(domain::CrashedReason::panicked) : Status(asked)};
    const auto what = action(life.definition, stop);
    if (reason == StopReason::watchdog)
        verdict.events.emplace_back(
            domain::WatchdogFired{life.ours ? watchdog_action(what) : domain::WatchdogAction::none});
    if (!life.ours || what == LifecycleAction::preserve) {
        verdict.events.emplace_back(halted_event(life, verdict.status.state));
        return verdict;
    }
    const auto end = failed ? domain::ShutoffReason::crashed : domain::ShutoffReason::shutdown;
    verdict.ending = Ending{end, stopped_event(end), restarts(what), dumps(what)};
    if (stop == StopClass::reboot && restarts(what)) {
        verdict.ending->told = domain::Rebooted{};
        verdict.ending->soft_reset = reason == StopReason::soft_reset;
    }
    return verdict;
}

/// Of one that has stopped so when it was last seen, if it had.
domain::ShutoffReason end_reason(const Life& life, std::optional<StopReason> stopped) {
    using enum domain::ShutoffReason;
    if (!stopped) {
        // What stops by itself stays in Xen until somebody removes it. With ours that is us, when the stop
        // has been seen, so somebody else has destroyed this one. Another tool is often faster than a look.
        return life.stop_asked && !life.ours ? shutdown : destroyed;
    }
    switch (classify(*stopped)) {
        case StopClass::poweroff:
        case StopClass::reboot: return shutdown;
        case StopClass::suspend: return saved;  // another tool has saved it or sent it away
        case StopClass::failure: return crashed;
    }
    return destroyed;
}

Verdict judge_running(const Life& life, Status status, const DomainSeen& seen) {
    Verdict verdict{status};
    if (life.stopped) {
        verdict.status = domain::RunningReason::wakeup;
        verdict.events.emplace_back(domain::Started::wakeup);
    }
    const bool was_paused = verdict.status.state == State::paused;
    if (seen.paused && !was_paused) {
        verdict.status = domain::PausedReason::user;
        verdict.events.emplace_back(domain::Suspended::paused);
    } else if (!seen.paused && was_paused) {
        verdict.status = domain::RunningReason::unpaused;
        verdict.events.emplace_back(domain::Resumed::unpaused);
    }
    return verdict;
}

}  // namespace

Verdict judge(const Life& life, Status status, const DomainSeen* seen) {
    // A domain that is dying runs no more, though Xen may keep its husk for long.
    if (!seen) return {.over = end_reason(life)};
    if (seen->dying) return {.over = end_reason(life, seen->stopped ? seen->stopped : life.stopped)};
    const auto stopped = stop_of(life, *seen);
    if (!stopped) return judge_running(life, status, *seen);
    if (life.stopped == stopped && !life.unfinished) return {status};
    return judge_stop(life, *stopped);
}

std::optional<StopReason> stop_of(const Life& life, const DomainSeen& seen) {
    const bool is_half_reset = life.reset_tried && !seen.stopped;
    return is_half_reset ? life.stopped : seen.stopped;
}

domain::Lifecycle halted_event(const Life& life, State state) {
    if (state == State::crashed) return domain::Crashed::panicked;
    return life.stop_asked ? domain::ShutdownFinished::host : domain::ShutdownFinished::guest;
}

domain::ShutoffReason end_reason(const Life& life) {
    return end_reason(life, life.stopped);
}

Status first_status(const DomainSeen& seen) {
    if (seen.paused) return domain::PausedReason::unknown;
    return domain::RunningReason::unknown;
}

Status halted_status(StopReason reason) {
    switch (classify(reason)) {
        case StopClass::poweroff:
        case StopClass::reboot: return domain::ShutdownReason::unknown;
        case StopClass::suspend: return domain::PmSuspendedReason::unknown;
        case StopClass::failure: return domain::CrashedReason::panicked;
    }
    return domain::ShutdownReason::unknown;
}

domain::Stopped stopped_event(domain::ShutoffReason reason) {
    // libvirt numbers both alike, but for the "unknown" that only the state has.
    return static_cast<domain::Stopped>(std::to_underlying(reason) - 1);
}

namespace {

Duration growing_pause(unsigned times, Duration first, Duration longest) {
    if (times == 0) return Duration::zero();
    auto pause = first;
    for (unsigned i = 1; i < times && pause < longest; ++i)
        pause *= 2;
    return std::min(pause, longest);
}

}  // namespace

Duration restart_pause(unsigned short_lives) {
    return growing_pause(short_lives, limits::restart_pause, limits::longest_restart_pause);
}

Duration describe_pause(unsigned tries) {
    return growing_pause(tries, limits::describe_pause, limits::longest_describe_pause);
}

}  // namespace virtlight::manager
