// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
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
    /// `for_libxl` is what libxl wants back, not null; `at` the moment of the wall clock that it has named.
    TimeoutId add(void* for_libxl, timeval at);
    /// The timer that will deliver it from here on.
    void arm(TimeoutId id, async::TimerId timer);
    /// libxl wants it as soon as possible. The timer to be replaced by one that is due now; none if that has
    /// been done, or the timeout is delivered already: libxl asks twice on an abort.
    std::optional<async::TimerId> hurry(TimeoutId id);
    /// The moment that libxl has named for it, if nothing else that is owed and was not hurried was to come
    /// before: libxl, told that this moment has come, delivers this one and none too early.
    std::optional<timeval> moment_of_first(TimeoutId id) const;
    /// Takes the timeout out of the book: what to give to libxl, or null if that has happened.
    void* deliver(TimeoutId id);

    /// Empties the book, for a context that is given up: the timers to be taken back.
    std::vector<async::TimerId> forget();

    std::size_t owed() const { return entries_.size(); }

    /// Equals answer alike from here on, but for the order in which they forget.
    bool operator==(const TimeoutLedger&) const = default;

 private:
    using Moment = std::pair<std::time_t, suseconds_t>;
    struct Entry {
        void* for_libxl;
        Moment at;
        async::TimerId timer{};
        bool hurried = false;

        bool operator==(const Entry&) const = default;
    };

    IdSource<struct TimeoutTag> ids_;
    std::unordered_map<TimeoutId, Entry> entries_;
    std::set<std::pair<Moment, TimeoutId>> waiting_;  ///< those that were not hurried
};

/// libxl names a moment of the wall clock, counted from now; what matters is how long from now, so that a
/// step of that clock neither fires nor stalls a timeout. Never before `now`.
Time monotonic_due(timeval at, timeval wall_now, Time now);

}  // namespace virtlight::xenlight
