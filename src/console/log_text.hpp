// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "base/line_cleaner.hpp"
#include "console/position.hpp"

namespace virtlight::console {

/// Whether control sequences reach the log.
enum class Sequences { kept, cleaned };

/// Turns what a guest writes into the text of its log: each line that is not empty begins with the time (UTC)
/// at which its first byte came. A line that is not finished is there at once.
class LogText {
 public:
    explicit LogText(Sequences sequences) : sequences_(sequences) {}

    /// Appends to `out` the text for bytes that came at `came`: for n bytes at most (n + 1) * growth.
    void add(std::string_view bytes, WallTime came, std::string& out);
    static constexpr std::size_t growth = 14;

    /// Appends a line of our own. What follows counts as the start of a line, outside of any sequence.
    void note(std::string_view text, WallTime now, std::string& out);

 private:
    Sequences sequences_;
    LineCleaner cleaner_;
    bool at_line_start_ = true;
};

}  // namespace virtlight::console
