// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "console/boot.hpp"
#include "console/position.hpp"
#include "console/time_index.hpp"

namespace virtlight::console {

/// Something that happened to a guest between two bytes of its output.
struct Mark {
    enum class Kind : std::uint8_t { boot, reboot, shutdown, crash, save, restore, attached, gone, released };

    Kind kind = Kind::boot;
    Offset at = 0;
    WallTime time;

    bool operator==(const Mark&) const = default;
};

std::string_view to_string(Mark::Kind kind);
inline bool begins_boot(Mark::Kind kind) {
    return kind == Mark::Kind::boot || kind == Mark::Kind::reboot;
}

/// One step of reading: what of the history is not there any more, then bytes that are.
struct Piece {
    Range missed;
    std::string_view bytes;

    bool empty() const { return missed.empty() && bytes.empty(); }
    /// Where to read on.
    Offset next() const { return missed.to + bytes.size(); }
};

/// The history of one console: of each boot its first and its last bytes, when they came, and what happened
/// between them. Pure and bounded: the boot that runs takes its share, finished ones share what is left of
/// the configured size, and the oldest go first.
///
/// A reader is nothing but an Offset, so there may be any number, none of them can be in the way of a writer
/// or of each other, and history and live output are one and the same.
class Ring {
 public:
    explicit Ring(const HistorySize& size) : size_(size) {}

    void append(std::string_view bytes, WallTime now);
    /// Notes that something happened here. Kind::boot and Kind::reboot begin the next boot; a boot that said
    /// nothing is dropped then.
    void mark(Mark::Kind kind, WallTime now);

    /// Up to `max` bytes from `at` on. Empty at the end, and from positions that are not reached yet. The
    /// view is valid until the next change.
    Piece read(Offset at, std::size_t max) const;

    /// The oldest byte that may be held, and the one that comes next.
    Offset begin() const { return boots_.empty() ? 0 : boots_.front().range().from; }
    Offset end() const { return boots_.empty() ? 0 : boots_.back().range().to; }

    /// Where somebody starts who wants to see the last `bytes` bytes or somewhat less: in the boot that runs,
    /// behind its gap, at the start of a line if there is one.
    Offset recent(std::size_t bytes) const;
    /// Where the bytes begin that came at `time` or later; the end if there are none. See TimeIndex::since().
    Offset since(WallTime time) const;

    /// Oldest first; the last one runs.
    const std::deque<Boot>& boots() const { return boots_; }
    std::span<const Mark> marks() const { return marks_; }
    const TimeIndex& times() const { return times_; }

    /// Bytes of memory behind it: at most size().bytes() + limits::console_overhead.
    std::size_t memory() const;
    const HistorySize& size() const { return size_; }

    /// The whole history as bytes that from_image() reads back, versioned, but for the checksum, which takes
    /// its time: seal() adds it on any thread.
    std::string image() const;
    static void seal(std::string& image);
    /// Refuses an image that is damaged, of another version, or not made by image(). What is longer than
    /// `size` allows is cut.
    static Result<Ring> from_image(std::string_view image, const HistorySize& size);
    /// The longest image that from_image() has to expect of a history of this size.
    static std::size_t longest_image(const HistorySize& size);

 private:
    void begin_boot(WallTime now);
    void evict();
    Offset held_from(Offset at) const;
    std::string_view view(Offset at) const;

    HistorySize size_;
    std::deque<Boot> boots_;
    std::vector<Mark> marks_;
    TimeIndex times_;
};

}  // namespace virtlight::console
