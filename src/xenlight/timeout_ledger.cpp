// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/timeout_ledger.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace virtlight::xenlight {

TimeoutId TimeoutLedger::add(void* for_libxl, timeval at) {
    const auto id = ids_.next();
    const Moment moment(at.tv_sec, at.tv_usec);
    entries_.emplace(id, Entry{.for_libxl = for_libxl, .at = moment});
    waiting_.emplace(moment, id);
    return id;
}

void TimeoutLedger::arm(TimeoutId id, async::TimerId timer) {
    const auto found = entries_.find(id);
    if (found != entries_.end()) found->second.timer = timer;
}

std::optional<async::TimerId> TimeoutLedger::hurry(TimeoutId id) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || std::exchange(found->second.hurried, true)) return std::nullopt;
    waiting_.erase({found->second.at, id});
    return found->second.timer;
}

std::optional<timeval> TimeoutLedger::moment_of_first(TimeoutId id) const {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.hurried) return std::nullopt;
    const auto at = found->second.at;
    if (waiting_.begin()->first < at) return std::nullopt;
    return timeval{.tv_sec = at.first, .tv_usec = at.second};
}

void* TimeoutLedger::deliver(TimeoutId id) {
    const auto entry = entries_.extract(id);
    if (entry.empty()) return nullptr;
    waiting_.erase({entry.mapped().at, id});
    return entry.mapped().for_libxl;
}

std::vector<async::TimerId> TimeoutLedger::forget() {
    std::vector<async::TimerId> timers;
    for (const auto& [id, entry] : entries_)
        timers.push_back(entry.timer);
    entries_.clear();
    waiting_.clear();
    return timers;
}

Time monotonic_due(timeval at, timeval wall_now, Time now) {
    const auto left = seconds(at.tv_sec - wall_now.tv_sec) + std::chrono::microseconds(at.tv_usec) -
                      std::chrono::microseconds(wall_now.tv_usec);
    return now + std::max<Duration>(left, Duration::zero());
}

}  // namespace virtlight::xenlight
