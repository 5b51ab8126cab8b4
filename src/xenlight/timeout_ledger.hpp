// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include <sys/time.h>

#include "async/scheduler.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"

namespace virtlight::xenlight {

using TimeoutId = Id<struct TimeoutTag>;

/// The timeouts that are owed to libxl. Pure.
///
/// libxl wants each one delivered exactly once, whether it came due or was hurried: a second delivery would
/// end whatever operation has taken over the place in libxl's memory, a missing one leaks that place. So an
/// entry is armed, perhaps hurried, and taken out before libxl is told; an id that is out of the book is
/// unknown for ever.
class TimeoutLedger {
 public:
    /// `for_libxl` is what libxl wants back; not null.
    TimeoutId add(void* for_libxl);
    /// The timer that will deliver it from here on.
    void arm(TimeoutId id, async::TimerId timer);
    /// libxl wants it as soon as possible. The timer to be replaced by one that is due now; none if that has
    /// been done, or the timeout is delivered already: libxl asks twice on an abort.
    std::optional<async::TimerId> hurry(TimeoutId id);
    /// Takes the timeout out of the book: what to give to libxl, or null if that has happened.
    void* deliver(TimeoutId id);

    /// Empties the book, for a context that is given up: the timers to be taken back.
    std::vector<async::TimerId> forget();

    std::size_t owed() const { return entries_.size(); }

 private:
    struct Entry {
        void* for_libxl;
        async::TimerId timer{};
        bool hurried = false;
    };

    IdSource<struct TimeoutTag> ids_;
    std::unordered_map<TimeoutId, Entry> entries_;
};

/// libxl names a moment of the wall clock, counted from now; what matters is how long from now, so that a
/// step of that clock neither fires nor stalls a timeout. Never before `now`.
Time monotonic_due(timeval at, timeval wall_now, Time now);

}  // namespace virtlight::xenlight
