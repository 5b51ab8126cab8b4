// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "base/limits.hpp"
#include "console/ring.hpp"

namespace virtlight::console::test {

inline constexpr HistorySize small_history{.first = 4, .last = 6, .older = 20};

/// What stands for a byte that is not held. Tests write other characters.
inline constexpr char hole = '_';

/// All that a reader gets who starts at `from` and reads `max` bytes at a time.
inline std::string read_all(const Ring& ring, Offset from = 0, std::size_t max = 7) {
    std::string all;
    for (auto at = from;;) {
        const auto piece = ring.read(at, max);
        if (piece.empty()) return all;
        if (piece.missed.from != at) return all + " and a jump";
        all.append(piece.missed.size(), hole);
        all += piece.bytes;
        at = piece.next();
    }
}

/// A ring that keeps everything and works out what it should have forgotten.
class RingModel {
 public:
    explicit RingModel(const HistorySize& size) : size_(size) {}

    void append(const std::string& bytes) {
        if (bytes.empty()) return;
        if (boots_.empty()) boots_.push_back({});
        all_ += bytes;
        boots_.back().to = all_.size();
    }

    void boot() {
        if (!boots_.empty() && boots_.back().empty()) boots_.pop_back();
        boots_.push_back({all_.size(), all_.size()});
        while (boots_.size() > limits::console_boots || held_by_older() > size_.older)
            boots_.erase(boots_.begin());
    }

    /// As read_all() of the ring should find it.
    std::string content() const {
        std::string found(all_.size(), hole);
        for (const auto& boot : boots_) {
            for (auto at = boot.from; at < boot.to; ++at)
                if (at < boot.from + size_.first || (at >= boot.to - std::min(boot.to, size_.last)))
                    found[at] = all_[at];
        }
        return found;
    }

    const std::string& all() const { return all_; }
    const std::vector<Range>& boots() const { return boots_; }

 private:
    std::size_t held_by_older() const {
        std::size_t sum = 0;
        for (const auto& boot : boots_)
            if (&boot != &boots_.back()) sum += std::min(boot.size(), size_.first + size_.last);
        return sum;
    }

    HistorySize size_;
    std::string all_;
    std::vector<Range> boots_;
};

}  // namespace virtlight::console::test
