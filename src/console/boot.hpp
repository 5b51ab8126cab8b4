// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/limits.hpp"
#include "console/last_bytes.hpp"
#include "console/position.hpp"

namespace virtlight::console {

/// How much of a console is kept, in bytes. `last` should be no less than the 4 KiB that a tty gives in one
/// piece: not even a prompt viewer could see all of more.
struct HistorySize {
    std::size_t first = limits::console_first_bytes;  ///< from the start of the boot that runs
    std::size_t last = limits::console_last_bytes;    ///< from its end
    std::size_t older = limits::console_older_bytes;  ///< of all boots before it together

    std::size_t bytes() const { return first + last + older; }
    /// So many bytes altogether, divided as they are by default.
    static constexpr HistorySize of(std::size_t bytes) {
        return {.first = bytes / 8, .last = bytes / 8 * 3, .older = bytes / 2};
    }
};

/// What a guest wrote in one boot: the first bytes, which tell how it came up, and the last ones, which tell
/// how it ended. What stood between them falls out and leaves a gap.
class Boot {
 public:
    /// `number` counts the boots of a console from 1.
    Boot(std::uint64_t number, WallTime began, Offset from, const HistorySize& size)
        : number_(number), began_(began), from_(from), end_(from), head_(size.first), tail_(size.last) {}

    void append(std::string_view bytes);
    /// What the guest wrote up to `to` is lost: with it goes all that is not among the first bytes.
    void lose_up_to(Offset to);
    /// Nothing more will come: gives back spare memory.
    void settle();

    /// What is held from `at` on, as far as it stands in one piece; empty if that byte is not held. Valid
    /// until the next change.
    std::string_view view(Offset at) const;

    std::uint64_t number() const { return number_; }
    WallTime began() const { return began_; }
    /// All that the guest wrote.
    Range range() const { return {from_, end_}; }
    /// The part of it that fell out; empty if none did.
    Range gap() const { return {head_end(), end_ - tail_.size()}; }
    /// Bytes of memory behind it.
    std::size_t memory() const { return head_.memory() + tail_.memory(); }

 private:
    Offset head_end() const { return from_ + head_.size(); }

    std::uint64_t number_;
    WallTime began_;
    Offset from_;
    Offset end_;
    LastBytes head_;  ///< is given no more than fits, so nothing falls out of it
    LastBytes tail_;
};

}  // namespace virtlight::console
