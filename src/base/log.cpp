// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"

#include <atomic>
#include <climits>
#include <mutex>
#include <string>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "base/wall_time.hpp"

namespace virtlight::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<bool> for_journal{false};

static_assert(limits::log_write <= PIPE_BUF);

/// The room that a reader has promised to one thread is taken by no other. Held no longer than a reader is
/// waited for.
std::mutex writing;
unsigned lost = 0;  ///< lines, since the last one that was written

std::string prefix(Level level) {
    if (for_journal) return fmt::format("<{}>", static_cast<int>(level));
    return fmt::format("{} {} ", to_string(wall_now()),
                       level == Level::error     ? "ERROR"
                       : level == Level::warning ? "warning"
                                                 : "-");
}

/// Whether whoever reads the log does. One who does not holds up nobody for longer than a moment.
bool is_read() {
    pollfd reader{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    const auto patience = lost == 0 ? limits::log_patience : milliseconds(0);
    return ::poll(&reader, 1, static_cast<int>(patience.count())) != 0;
}

/// Ends the line, cut where it is longer than what is written at once.
void end_line(std::string& line) {
    constexpr std::string_view mark = "...";
    constexpr auto room = limits::log_write - 1;
    if (line.size() > room) {
        line.resize(cut_to(line, room - mark.size()).size());
        line += mark;
    }
    line += '\n';
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
    const std::lock_guard<std::mutex> alone(writing);
    if (!is_read()) {
        ++lost;
        return;
    }
    std::string lines;
    if (lost > 0)
        lines =
            fmt::format("{}{} lines of the log are lost: nobody has read it\n", prefix(Level::warning), lost);
    lost = 0;
    lines += prefix(level);
    lines += shown(text, limits::log_write);
    end_line(lines);
    // One write keeps lines of different processes whole, and does not wait; a log that cannot be written has
    // nowhere to say so.
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, lines.data(), lines.size());
}

}  // namespace virtlight::log
