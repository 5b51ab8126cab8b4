// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/lines.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/limits.hpp"

namespace virtlight::cli {
namespace {

/// How many bytes of a text come before its last character, if that is one of several bytes of UTF-8, of
/// which the rest may be to come; else all.
std::size_t whole_characters(std::string_view text) {
    constexpr std::size_t longest = 4;
    for (std::size_t back = 1; back < longest && back <= text.size(); ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if (byte >= 0xc0) return text.size() - back;
        if (byte < 0x80) break;
    }
    return text.size();
}

}  // namespace

std::vector<Lines::Piece> Lines::add(std::string_view bytes) {
    std::vector<Piece> pieces;
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        const auto taken = std::min(end, limits::json_line - line_.size());
        line_ += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        if (bytes.empty()) break;
        const bool ends = bytes.front() == '\n';
        if (ends) bytes.remove_prefix(1);
        pieces.push_back(ends ? take_line() : take_piece());
    }
    return pieces;
}

std::optional<Lines::Piece> Lines::rest() {
    if (line_.empty()) return std::nullopt;
    return take_line();
}

Lines::Piece Lines::take_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    return {std::exchange(line_, {})};
}

/// All but a character of UTF-8 that is not whole yet.
Lines::Piece Lines::take_piece() {
    const auto end = whole_characters(line_);
    Piece piece{line_.substr(0, end), true};
    line_.erase(0, end);
    return piece;
}

}  // namespace virtlight::cli
