// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "hypervisor/port.hpp"
#include "simulated/behaviour.hpp"

namespace virtlight::simulated {

/// What runs inside a domain, on a clock of its own that stands still while the domain is paused. Pure: it
/// is told the time, and says when it wants to be told again.
class Guest {
 public:
    /// How quick an obedient guest is.
    struct Pace {
        Duration acknowledge{};  ///< from a request to its acknowledgement
        Duration power_off{};    ///< from there until it has stopped
    };

    /// It does not run yet, or has run for so long before it was saved.
    Guest(Behaviour behaviour, Pace pace, Duration ran = {})
        : behaviour_(behaviour), pace_(pace), ran_(ran), ran_elsewhere_(ran), stop_(behaviour.stop) {}

    void run(Time now);
    void hold(Time now);
    /// How long it has run.
    Duration ran(Time now) const;
    /// How long in this domain: an image brings nothing of it. Not zero once it has had a processor at all.
    Duration cpu_time(Time now) const;

    /// Asks it to power off, to reboot or to suspend; takes the place of a request that is not acknowledged
    /// yet. One that is held finds the request when it runs again.
    void ask(hypervisor::StopReason wish, Time now);
    /// Takes a request back, unless another one has taken its place. False: it is acknowledged already.
    bool withdraw(hypervisor::StopReason wish);
    /// Stops at once: what a crash does. One that has stopped stays as it is.
    void stop(hypervisor::StopReason reason, Time now);
    std::optional<hypervisor::StopReason> stopped() const { return stopped_; }
    /// Forgets that it was asked to suspend; one that has done so can run again.
    void resume();
    /// As if it had never run.
    void begin_anew();
    const Behaviour& behaviour() const { return behaviour_; }

    struct Did {
        bool acknowledge = false;
        bool stop = false;
    };
    /// When advance() must be called next, if nothing else happens before.
    std::optional<Time> next() const;
    /// Does what is due at `now`.
    Did advance(Time now);

 private:
    Behaviour behaviour_;
    Pace pace_;
    Duration ran_{};  ///< until running_since_
    Duration ran_elsewhere_{};
    bool has_run_here_ = false;
    std::optional<Time> running_since_;    ///< empty: held or stopped
    std::optional<Behaviour::Stop> wish_;  ///< what it was asked for, and when it will acknowledge
    std::optional<Behaviour::Stop> stop_;  ///< how it will end, as far as is known
    std::optional<hypervisor::StopReason> stopped_;
};

}  // namespace virtlight::simulated
