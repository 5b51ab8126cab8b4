// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace virtlight::domain {

/// What a domain is doing. The numbers are libvirt's.
enum class State {
    no_state = 0,
    running = 1,
    blocked = 2,
    paused = 3,
    shutdown = 4,
    shutoff = 5,
    crashed = 6,
    pm_suspended = 7
};

/// Why, per state. The numbers are libvirt's and count anew for each state.
enum class RunningReason {
    unknown = 0,
    booted = 1,
    migrated = 2,
    restored = 3,
    from_snapshot = 4,
    unpaused = 5,
    migration_canceled = 6,
    save_canceled = 7,
    wakeup = 8,
    crashed = 9
};
enum class PausedReason {
    unknown = 0,
    user = 1,
    migration = 2,
    save = 3,
    dump = 4,
    io_error = 5,
    watchdog = 6,
    from_snapshot = 7,
    shutting_down = 8,
    snapshot = 9,
    crashed = 10,
    starting_up = 11
};
enum class ShutdownReason { unknown = 0, user = 1 };
enum class ShutoffReason {
    unknown = 0,
    shutdown = 1,
    destroyed = 2,
    crashed = 3,
    migrated = 4,
    saved = 5,
    failed = 6,
    from_snapshot = 7,
    daemon = 8
};
enum class CrashedReason { unknown = 0, panicked = 1 };
enum class PmSuspendedReason { unknown = 0 };

/// A state with its reason.
struct Status {
    State state = State::shutoff;
    int reason = 0;

    Status() = default;
    Status(RunningReason why) : state(State::running), reason(static_cast<int>(why)) {}
    Status(PausedReason why) : state(State::paused), reason(static_cast<int>(why)) {}
    Status(ShutdownReason why) : state(State::shutdown), reason(static_cast<int>(why)) {}
    Status(ShutoffReason why) : state(State::shutoff), reason(static_cast<int>(why)) {}
    Status(CrashedReason why) : state(State::crashed), reason(static_cast<int>(why)) {}
    Status(PmSuspendedReason why) : state(State::pm_suspended), reason(static_cast<int>(why)) {}

    bool active() const { return state != State::shutoff; }
    bool operator==(const Status&) const = default;
};

/// "running", "paused", ...
std::string_view to_string(State state);

}  // namespace virtlight::domain
