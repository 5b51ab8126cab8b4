// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/uuid.hpp"
#include "domain/job.hpp"
#include "domain/metadata.hpp"

namespace virtlight::domain {

/// Lifecycle events and their details. The numbers are libvirt's; details count anew for each event.
enum class Defined { added = 0, updated = 1, renamed = 2, from_snapshot = 3 };
enum class Undefined { removed = 0, renamed = 1 };
enum class Started { booted = 0, migrated = 1, restored = 2, from_snapshot = 3, wakeup = 4 };
enum class Suspended {
    paused = 0,
    migrated = 1,
    io_error = 2,
    watchdog = 3,
    restored = 4,
    from_snapshot = 5,
    api_error = 6
};
enum class Resumed { unpaused = 0, migrated = 1, from_snapshot = 2 };
enum class Stopped {
    shutdown = 0,
    destroyed = 1,
    crashed = 2,
    migrated = 3,
    saved = 4,
    failed = 5,
    from_snapshot = 6
};
enum class ShutdownFinished { finished = 0, guest = 1, host = 2 };
enum class PmSuspended { memory = 0, disk = 1 };
enum class Crashed { panicked = 0 };

struct Lifecycle {
    int event;
    int detail;

    Lifecycle(Defined detail_) : event(0), detail(static_cast<int>(detail_)) {}
    Lifecycle(Undefined detail_) : event(1), detail(static_cast<int>(detail_)) {}
    Lifecycle(Started detail_) : event(2), detail(static_cast<int>(detail_)) {}
    Lifecycle(Suspended detail_) : event(3), detail(static_cast<int>(detail_)) {}
    Lifecycle(Resumed detail_) : event(4), detail(static_cast<int>(detail_)) {}
    Lifecycle(Stopped detail_) : event(5), detail(static_cast<int>(detail_)) {}
    Lifecycle(ShutdownFinished detail_) : event(6), detail(static_cast<int>(detail_)) {}
    Lifecycle(PmSuspended detail_) : event(7), detail(static_cast<int>(detail_)) {}
    Lifecycle(Crashed detail_) : event(8), detail(static_cast<int>(detail_)) {}
    bool operator==(const Lifecycle&) const = default;
};

/// The event and its detail in words: "stopped", "crashed".
struct LifecycleWords {
    std::string_view event;
    std::string_view detail;
};
LifecycleWords words(const Lifecycle& lifecycle);

/// The guest restarted by its own wish, in the same or a new domid.
struct Rebooted {
    bool operator==(const Rebooted&) const = default;
};

/// The guest has not answered its watchdog, and has stopped. What becomes of it then has libvirt's numbers.
enum class WatchdogAction : int { none = 0, pause = 1, reset = 2, poweroff = 3 };
struct WatchdogFired {
    WatchdogAction action = WatchdogAction::none;
    bool operator==(const WatchdogFired&) const = default;
};

/// The guest runs on without its device model, which has ended: nobody can ask it for anything any more, and
/// what it serves is gone.
struct ModelEnded {
    bool operator==(const ModelEnded&) const = default;
};

/// The guest has more or less memory than before.
struct MemoryChanged {
    std::uint64_t memory_kib = 0;

    bool operator==(const MemoryChanged&) const = default;
};

/// A job that can be watched has come to its end, well or not.
struct JobEnded {
    JobReport job;
    bool operator==(const JobEnded&) const = default;
};

/// A device has come to a guest that runs, or gone from it, or was not let go of; under its alias.
struct DeviceAdded {
    std::string alias;
    bool operator==(const DeviceAdded&) const = default;
};
struct DeviceRemoved {
    std::string alias;
    bool operator==(const DeviceRemoved&) const = default;
};
struct DeviceRemovalFailed {
    std::string alias;
    bool operator==(const DeviceRemovalFailed&) const = default;
};

/// A CD drive of a guest that runs has another medium, or none; under its alias.
struct MediumChanged {
    std::string alias;
    bool there = false;
    bool operator==(const MediumChanged&) const = default;
};

/// What people and tools have written about it was changed.
struct MetadataChanged {
    MetadataKind kind = MetadataKind::description;
    std::string uri;  ///< of an element
    bool operator==(const MetadataChanged&) const = default;
};

using EventKind =
    std::variant<Lifecycle, Rebooted, WatchdogFired, ModelEnded, MemoryChanged, JobEnded, DeviceAdded,
                 DeviceRemoved, DeviceRemovalFailed, MediumChanged, MetadataChanged>;

/// Something that happened to a domain. Carries the domain's names of that moment: when it is read, the
/// domain may be gone or have another domid.
struct Event {
    std::string name;
    Uuid uuid;
    int domid;  ///< -1: was not running
    EventKind kind;
    bool seen = false;  ///< in Xen, and not done by what is being done to the domain just now

    bool operator==(const Event&) const = default;
};

}  // namespace virtlight::domain
