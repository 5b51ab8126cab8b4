// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/uuid.hpp"

namespace virtlight::hypervisor {

/// Xen's number of a running domain. It names a domain only while that domain lives and is used again later.
using DomId = std::uint32_t;

/// What the guest did to end up shut down.
enum class StopReason { poweroff, reboot, suspend, crash, watchdog, soft_reset, unknown };

/// A domain as Xen sees it. Domains that are dying are reported until they are gone.
struct DomainSeen {
    DomId domid = 0;
    Uuid uuid{};
    std::string name{};  ///< empty if Xen has none (a domain half made or half gone)
    bool paused = false;
    bool running = false;  ///< a vCPU is on a processor right now; neither running nor paused: it waits
    bool dying = false;
    std::optional<StopReason> stopped{};  ///< the guest has shut down and waits to be destroyed (or resumed)
    bool hvm = false;                     ///< true for HVM and PVH: Xen itself knows no more
    std::uint64_t memory_kib = 0;         ///< given to it now
    std::uint64_t memory_max_kib = 0;     ///< Xen's bound
    unsigned vcpus_online = 0;
    unsigned vcpus_max = 0;
    nanoseconds cpu_time{};
    /// Its device model has ended, and with that what it serves. So it is, too, of one that is being taken
    /// apart, which is paused or has stopped before.
    bool model_ended = false;

    /// One that is paused and has used no time is as it was made: it has executed nothing.
    bool may_have_run() const { return !paused || cpu_time > nanoseconds(); }

    bool operator==(const DomainSeen&) const = default;
};

}  // namespace virtlight::hypervisor
