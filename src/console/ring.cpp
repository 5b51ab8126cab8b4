// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/ring.hpp"

#include <algorithm>
#include <numeric>

#include "base/limits.hpp"

namespace virtlight::console {

std::string_view to_string(Mark::Kind kind) {
    switch (kind) {
        case Mark::Kind::boot: return "boot";
        case Mark::Kind::reboot: return "reboot";
        case Mark::Kind::shutdown: return "shutdown";
        case Mark::Kind::crash: return "crash";
        case Mark::Kind::save: return "save";
        case Mark::Kind::restore: return "restore";
        case Mark::Kind::attached: return "attached";
        case Mark::Kind::gone: return "gone";
        case Mark::Kind::released: return "released";
    }
    return "unknown";
}

void Ring::append(std::string_view bytes, WallTime now) {
    if (bytes.empty()) return;
    if (boots_.empty()) begin_boot(now);
    auto& boot = boots_.back();
    times_.note(boot.range().to, now);
    boot.append(bytes);
    times_.forget(boot.gap());
}

void Ring::mark(Mark::Kind kind, WallTime now) {
    if (begins_boot(kind)) begin_boot(now);
    if (marks_.size() == limits::console_marks) marks_.erase(marks_.begin());
    marks_.push_back({kind, end(), now});
}

Piece Ring::read(Offset at, std::size_t max) const {
    at = std::min(at, end());
    const auto held = held_from(at);
    return {{at, held}, view(held).substr(0, max)};
}

Offset Ring::recent(std::size_t bytes) const {
    if (boots_.empty()) return 0;
    const auto boot = boots_.back().range();
    const auto gap = boots_.back().gap();
    const auto asked = boot.to - std::min(bytes, boot.size());
    const auto start = gap.empty() ? asked : std::max(asked, gap.to);
    if (start == boot.from) return start;
    for (auto at = start; at < boot.to;) {
        const auto piece = view(at);
        const auto line_end = piece.find('\n');
        at += std::min(line_end, piece.size());
        // A line that ends with the last byte is the one to show.
        if (line_end != piece.npos) return at + 1 < boot.to ? at + 1 : start;
    }
    return start;
}

Offset Ring::since(WallTime time) const {
    return std::max(times_.since(time).value_or(end()), begin());
}

std::size_t Ring::memory() const {
    auto bytes = sizeof *this + marks_.capacity() * sizeof(Mark) + times_.memory();
    for (const auto& boot : boots_)
        bytes += sizeof boot + boot.memory();
    return bytes;
}

void Ring::begin_boot(WallTime now) {
    const auto from = end();
    const auto number = boots_.empty() ? 1 : boots_.back().number() + 1;
    if (!boots_.empty()) {
        boots_.back().settle();
        if (boots_.back().range().empty()) boots_.pop_back();
    }
    boots_.emplace_back(number, now, from, size_);
    evict();
}

void Ring::evict() {
    auto older = std::accumulate(boots_.begin(), std::prev(boots_.end()), std::size_t{0},
                                 [](std::size_t sum, const Boot& boot) { return sum + boot.memory(); });
    while (older > size_.older || boots_.size() > limits::console_boots) {
        older -= boots_.front().memory();
        boots_.pop_front();
    }
    times_.forget({0, begin()});
    std::erase_if(marks_, [this](const Mark& mark) { return mark.at < begin(); });
}

/// The first byte from `at` on that did not fall out.
Offset Ring::held_from(Offset at) const {
    at = std::max(at, begin());
    for (const auto& boot : boots_)
        if (boot.gap().contains(at)) at = boot.gap().to;
    return at;
}

std::string_view Ring::view(Offset at) const {
    const auto boot = std::ranges::find_if(boots_, [at](const Boot& b) { return b.range().contains(at); });
    return boot == boots_.end() ? std::string_view() : boot->view(at);
}

}  // namespace virtlight::console
