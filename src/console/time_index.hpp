// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "console/position.hpp"

namespace virtlight::console {

/// When which bytes came. Bounded: when it is full, the two neighbours closest in time become one, so that
/// what is lost is precision within a burst and never the silence between two.
class TimeIndex {
 public:
    /// The bytes from `from` up to the next span came between `first` and `last`.
    struct Span {
        Offset from = 0;
        WallTime first;
        WallTime last;

        bool operator==(const Span&) const = default;
    };

    /// The bytes from `from` on came at `now`. Offsets never go back; times may, when the clock is set.
    void note(Offset from, WallTime now);
    /// These bytes are not held any more.
    void forget(Range lost);

    /// Where those bytes begin that came at `time` or later; none if there are none. May be too early, by a
    /// burst, and is never too late.
    std::optional<Offset> since(WallTime time) const;
    /// The span that `at` stands in; none before the first.
    std::optional<Span> at(Offset at) const;
    /// Where the span that `at` stands in ends; the largest offset if that is open.
    Offset end_of_span(Offset at) const;

    std::span<const Span> spans() const { return spans_; }
    std::size_t memory() const { return spans_.capacity() * sizeof(Span); }

    /// From spans() that were kept elsewhere. The offsets must rise.
    static TimeIndex restored(std::span<const Span> spans);

 private:
    using Place = std::vector<Span>::const_iterator;

    Place after(Offset at) const;
    void merge_the_closest();

    std::vector<Span> spans_;
};

}  // namespace virtlight::console
