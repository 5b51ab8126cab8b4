// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/time_index.hpp"

#include <algorithm>
#include <limits>

#include "base/limits.hpp"

namespace virtlight::console {
namespace {

TimeIndex::Span joined(const TimeIndex::Span& a, const TimeIndex::Span& b) {
    return {a.from, std::min(a.first, b.first), std::max(a.last, b.last)};
}

}  // namespace

void TimeIndex::note(Offset from, WallTime now) {
    const Span span{from, now, now};
    if (!spans_.empty()) {
        auto& newest = spans_.back();
        const auto both = joined(newest, span);
        if (both.last - both.first < limits::console_time_step) {
            newest = both;
            return;
        }
    }
    if (spans_.size() == limits::console_times) merge_the_closest();
    spans_.push_back(span);
}

void TimeIndex::forget(Range lost) {
    // A span goes only with its last byte; where that is, the next one tells, so the newest stays.
    const auto first = std::ranges::lower_bound(spans_, lost.from, {}, &Span::from);
    auto last = first;
    while (last != spans_.end() && std::next(last) != spans_.end() && std::next(last)->from <= lost.to)
        ++last;
    spans_.erase(first, last);
}

std::optional<Offset> TimeIndex::since(WallTime time) const {
    // The clock may have been set back, so the times need not rise.
    const auto found = std::ranges::find_if(spans_, [time](const Span& span) { return span.last >= time; });
    if (found == spans_.end()) return std::nullopt;
    return found->from;
}

std::optional<TimeIndex::Span> TimeIndex::at(Offset at) const {
    const auto next = after(at);
    if (next == spans_.begin()) return std::nullopt;
    return *std::prev(next);
}

Offset TimeIndex::end_of_span(Offset at) const {
    const auto next = after(at);
    return next == spans_.end() ? std::numeric_limits<Offset>::max() : next->from;
}

TimeIndex TimeIndex::restored(std::span<const Span> spans) {
    TimeIndex index;
    spans = spans.last(std::min(spans.size(), limits::console_times));
    index.spans_.reserve(limits::console_times);
    index.spans_.assign(spans.begin(), spans.end());
    return index;
}

TimeIndex::Place TimeIndex::after(Offset at) const {
    return std::ranges::upper_bound(spans_, at, {}, &Span::from);
}

void TimeIndex::merge_the_closest() {
    const auto apart = [](const Span& a, const Span& b) {
        const auto both = joined(a, b);
        return both.last - both.first;
    };
    auto closest = spans_.begin();
    for (auto at = spans_.begin(); std::next(at) != spans_.end(); ++at)
        if (apart(*at, *std::next(at)) < apart(*closest, *std::next(closest))) closest = at;
    *closest = joined(*closest, *std::next(closest));
    spans_.erase(std::next(closest));
}

}  // namespace virtlight::console
