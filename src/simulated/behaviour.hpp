// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::simulated {

/// What a simulated guest does, as the words of its kernel command line ask for:
///
///     sim:frozen                   never answers a request, and lets go of no device
///     sim:deaf                     acknowledges a request and goes on
///     sim:poweroff-after=SECONDS   stops by itself when it has run for so long (its clock stands still
///     sim:reboot-after=SECONDS     while it is paused); of several such words the soonest counts
///     sim:crash-after=SECONDS
///     sim:soft-reset-after=SECONDS
///     sim:build-takes=SECONDS      building it takes so long
///     sim:build-fails              and fails at its end
///     sim:console-flood=BYTES      its consoles print so many bytes per second while it runs
///     sim:late-tty=SECONDS         its ttys are told only so long after it was made
///     sim:save-takes=SECONDS       writing its memory takes so long
///     sim:model-ends-after=SECONDS the device model of an HVM guest ends when the guest has run for so long
///
/// Without words it obeys: it acknowledges requests and follows them.
struct Behaviour {
    /// Something that the guest will do when it has run for `at`.
    struct Stop {
        Duration at{};
        hypervisor::StopReason reason = hypervisor::StopReason::poweroff;

        bool operator==(const Stop&) const = default;
    };

    bool frozen = false;
    bool deaf = false;
    std::optional<Stop> stop{};
    std::optional<Duration> build_takes{};
    bool build_fails = false;
    double console_flood = 0;  ///< bytes per second
    Duration late_tty{};
    std::optional<Duration> save_takes{};
    std::optional<Duration> model_ends{};

    bool operator==(const Behaviour&) const = default;
};

/// Reads the words that begin with "sim:" and passes over all others. SECONDS may have a fraction, up to
/// limits::simulated_seconds. invalid_argument: names the word that is unknown or malformed.
Result<Behaviour> parse_behaviour(std::string_view command_line);

}  // namespace virtlight::simulated
