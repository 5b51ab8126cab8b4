// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/timeout_ledger.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace virtlight::xenlight {

TimeoutId TimeoutLedger::add(void* for_libxl) {
    const auto id = ids_.next();
    entries_.emplace(id, Entry{.for_libxl = for_libxl});
    return id;
}

void TimeoutLedger::arm(TimeoutId id, async::TimerId timer) {
    const auto found = entries_.find(id);
    if (found != entries_.end()) found->second.timer = timer;
}

std::optional<async::TimerId> TimeoutLedger::hurry(TimeoutId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || std::exchange(found->second.hurried, true)) return std::nullopt;
    return found->second.timer;
}

void* TimeoutLedger::deliver(TimeoutId id) {
    const auto entry = entries_.extract(id);
    return entry.empty() ? nullptr : entry.mapped().for_libxl;
}

std::vector<async::TimerId> TimeoutLedger::forget() {
    std::vector<async::TimerId> timers;
    for (const auto& [id, entry] : entries_)
        timers.push_back(entry.timer);
    entries_.clear();
    return timers;
}

Time monotonic_due(timeval at, timeval wall_now, Time now) {
    const auto left = seconds(at.tv_sec - wall_now.tv_sec) + std::chrono::microseconds(at.tv_usec) -
                      std::chrono::microseconds(wall_now.tv_usec);
    return now + std::max<Duration>(left, Duration::zero());
}

}  // namespace virtlight::xenlight
