// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_marks.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace virtlight::libvirt {

using console::Mark;

void ConsoleMarks::weave(const console::Ring& ring, console::Offset at, std::string_view bytes,
                         std::string& text) {
    for (const auto& mark : ahead(ring)) {
        if (mark.at > at + bytes.size() || is_behind(mark)) break;
        last_ = mark;
        if (mark.kind == Mark::Kind::gone) continue;  // it comes with each stop of a guest
        const auto before = bytes.substr(0, mark.at - std::min(at, mark.at));
        put(before, text);
        bytes.remove_prefix(before.size());
        at += before.size();
        put(at_line_start_ ? "" : "\r\n", text);
        put(fmt::format("--- {} {} ---\r\n", to_string(mark.kind), to_string(mark.time)), text);
    }
    put(bytes, text);
}

/// Those that were not told yet.
std::span<const Mark> ConsoleMarks::ahead(const console::Ring& ring) const {
    const auto marks = ring.marks();
    auto count = marks.size();
    while (last_ && count > 0 && marks[count - 1] != *last_)
        --count;
    if (last_ && count > 0) return marks.subspan(count);
    const auto place = [marks](auto found) { return static_cast<std::size_t>(found - marks.begin()); };
    const auto here = place(std::ranges::lower_bound(marks, from_, {}, &Mark::at));
    const auto boot = place(std::ranges::find_if(
        marks, [this](const Mark& mark) { return mark.at == from_ && begins_boot(mark.kind); }));
    return marks.subspan(boot == marks.size() ? here : boot);
}

bool ConsoleMarks::is_behind(const Mark& mark) const {
    return mark.at > to_ || (mark.at == to_ && begins_boot(mark.kind));
}

void ConsoleMarks::put(std::string_view bytes, std::string& text) {
    if (bytes.empty()) return;
    text += bytes;
    at_line_start_ = bytes.ends_with('\n');
}

}  // namespace virtlight::libvirt
