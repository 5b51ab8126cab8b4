// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.hpp"

#include <atomic>
#include <string>

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/wall_time.hpp"

namespace virtlight::log {
namespace {

std::atomic<Level> threshold{Level::info};
std::atomic<bool> for_journal{false};
std::atomic<unsigned> lost{0};  ///< lines, since the last one that was written

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

/// One write a line keeps lines of different threads whole; a log that cannot be written has nowhere to say
/// so.
void write_line(const std::string& line) {
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, line.data(), line.size());
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
    if (!is_read()) {
        ++lost;
        return;
    }
    if (const auto missing = lost.exchange(0); missing > 0)
        write_line(fmt::format("{}{} lines of the log are lost: nobody has read it\n", prefix(Level::warning),
                               missing));
    write_line(line);
}

}  // namespace virtlight::log
