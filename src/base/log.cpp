// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"

#include <atomic>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

#include "base/wall_time.hpp"

namespace virtlight::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<bool> for_journal{false};

std::string prefix(Level level) {
    if (for_journal) return fmt::format("<{}>", static_cast<int>(level));
    return fmt::format("{} {} ", to_string(wall_now()),
                       level == Level::error     ? "ERROR"
                       : level == Level::warning ? "warning"
                                                 : "-");
}

}  // namespace

void set_level(Level level) {
    threshold = level;
}
Level level() {
    return threshold;
}
void set_journal(bool journal) {
    for_journal = journal;
}

void write(Level level, std::string_view text) {
    if (level > threshold) return;
    std::string line = prefix(level);
    for (const char c : text) {
        if (c == '\n')
            line += "\\n";
        else
            line += c;
    }
    line += '\n';
    // One write a line keeps lines of different threads whole; a log that cannot be written has nowhere to
    // say so.
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace virtlight::log
