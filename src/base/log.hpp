// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string_view>

#include <fmt/format.h>

/// One line a message, to standard error with the priority prefix that the journal understands.
/// May be called from any thread.
namespace virtlight::log {

enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// What is less urgent than this is not written. Default: info.
void set_level(Level level);
Level level();

/// With prefixes ("<6>...") for the journal, or with times for a terminal. Default: times.
void set_journal(bool journal);

/// Never blocks for long and never throws. A control character inside `text`, and a byte that is not UTF-8,
/// is written as "\x1b" is; what is longer than limits::log_write is cut.
void write(Level level, std::string_view text);

template <class... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
    write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
    if (level() >= Level::warning) write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void notice(fmt::format_string<Args...> text, Args&&... args) {
    if (level() >= Level::notice) write(Level::notice, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
    if (level() >= Level::info) write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
    if (level() >= Level::debug) write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace virtlight::log
