// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "async/scheduler.hpp"
#include "async/slots.hpp"
#include "base/clock.hpp"

namespace virtlight::async {

/// Which timer is due next. Pure: it is told the time. A timer is taken out of the queue when it is handed
/// over, so it cannot be handed over twice; an id that is out of the queue is unknown for ever.
class TimerQueue {
 public:
    /// O(log n).
    TimerId add(Time due);
    /// Takes a timer out. False if the id is not in the queue.
    bool remove(TimerId id);

    /// When the next one is due.
    std::optional<Time> next() const;
    /// Takes out the timer that is due at `now` or before: the earliest, and of equals the one set first.
    std::optional<TimerId> pop(Time now);

    std::size_t size() const { return heap_.size(); }

    /// Equals answer alike from here on.
    bool operator==(const TimerQueue&) const = default;

 private:
    struct Entry {
        Time due;
        TimerId id;  ///< rises from one to the next: ties are served in the order of setting

        bool operator==(const Entry&) const = default;
    };

    static bool before(const Entry& a, const Entry& b);
    void place(std::size_t at, const Entry& entry);
    void sift_up(std::size_t at);
    void sift_down(std::size_t at);
    void erase(std::size_t at);

    std::vector<Entry> heap_;
    Slots<TimerId, std::size_t> places_;  ///< where in the heap each timer stands
};

}  // namespace virtlight::async
