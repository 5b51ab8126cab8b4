// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <functional>

#include "async/scheduler.hpp"
#include "async/slots.hpp"
#include "async/timer_queue.hpp"

namespace virtlight::async {

/// A Scheduler whose time stands still while there is work and jumps to the next timer when there is none.
/// One thread, no clock, no sleep: the same calls give the same run.
class VirtualLoop final : public Scheduler {
 public:
    Time now() const override { return now_; }
    void post(Work work) override { posted_.push_back(std::move(work)); }
    TimerId call_at(Time due, Work work) override;
    void cancel(TimerId id) override;

    /// Runs one step; moves the time on if only timers are left, but never past `until`. False: nothing left
    /// to do.
    bool step(Time until = Time::max());
    /// Runs everything that happens within `duration` and leaves the time at its end.
    void run_for(Duration duration);
    /// Runs until `done` or until nothing is left or `bound` has passed; returns what `done` says then.
    bool run_until(const std::function<bool()>& done, Duration bound = std::chrono::hours(1));

 private:
    Time now_{std::chrono::hours(1)};
    std::deque<Work> posted_;
    TimerQueue queue_;
    BySlot<TimerId, Work> timer_works_;
};

}  // namespace virtlight::async
