// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/log_text.hpp"

#include <iterator>

#include <fmt/format.h>

namespace virtlight::console {
namespace {

void put_time(WallTime time, std::string& out) {
    out += virtlight::to_string(time) + ' ';
}

}  // namespace

void LogText::add(std::string_view bytes, WallTime came, std::string& out) {
    std::string cleaned;
    if (sequences_ == Sequences::cleaned) {
        cleaner_.clean(bytes, cleaned);
        bytes = cleaned;
    }
    while (!bytes.empty()) {
        const auto line = bytes.substr(0, bytes.find('\n'));
        bytes.remove_prefix(line.size());
        if (at_line_start_ && line.find_first_not_of('\r') != line.npos) {
            put_time(came, out);
            at_line_start_ = false;
        }
        out += line;
        if (bytes.empty()) return;
        out += '\n';
        at_line_start_ = true;
        bytes.remove_prefix(1);
    }
}

void LogText::note(std::string_view text, WallTime now, std::string& out) {
    if (!at_line_start_) out += '\n';
    put_time(now, out);
    fmt::format_to(std::back_inserter(out), "--- {} ---\n", text);
    at_line_start_ = true;
    cleaner_ = {};
}

}  // namespace virtlight::console
