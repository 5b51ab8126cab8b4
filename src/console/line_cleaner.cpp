// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/line_cleaner.hpp"

#include <algorithm>

namespace virtlight::console {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\a';

bool within(char c, char from, char to) {
    return from <= c && c <= to;
}

bool is_control(char c) {
    return within(c, '\0', '\x1f') || c == '\x7f';
}

/// Most of what guests write is plain text; it goes in one piece.
std::string_view plain_run(std::string_view bytes) {
    return bytes.substr(0, static_cast<std::size_t>(std::ranges::find_if(bytes, is_control) - bytes.begin()));
}

bool ends_any_sequence(char c) {
    constexpr char cancel = '\x18';
    return c == '\n' || c == '\r' || c == cancel;
}

}  // namespace

void LineCleaner::clean(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const auto plain = state_ == State::text && !returned_ ? plain_run(bytes) : std::string_view();
        out += plain;
        if (!plain.empty()) line_empty_ = false;
        bytes.remove_prefix(plain.size());
        if (bytes.empty()) return;
        if (state_ == State::text || !step_in_sequence(bytes.front())) step_in_text(bytes.front(), out);
        bytes.remove_prefix(1);
    }
}

/// Whether the byte belongs to the sequence.
bool LineCleaner::step_in_sequence(char c) {
    // A guest that dies, or is garbled, within a sequence must not take the next line with it.
    if (ends_any_sequence(c)) {
        state_ = State::text;
        return false;
    }
    if (c == escape) {
        state_ = State::escape;
        return true;
    }
    switch (state_) {
        case State::text: return false;
        case State::escape:
            if (c == '[')
                state_ = State::control;
            else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
                state_ = State::string;
            else if (!within(c, ' ', '/'))
                state_ = State::text;
            return true;
        case State::control:
            if (within(c, '@', '~')) state_ = State::text;
            return true;
        case State::string:
            if (c == bell) state_ = State::text;
            return true;
    }
    return false;
}

void LineCleaner::step_in_text(char c, std::string& out) {
    switch (c) {
        case escape: state_ = State::escape; return;
        case '\r': returned_ = true; return;
        case '\n':
            out += '\n';
            returned_ = false;
            line_empty_ = true;
            return;
        default: break;
    }
    if (is_control(c) && c != '\t') return;
    if (returned_ && !line_empty_) out += '\n';
    out += c;
    returned_ = false;
    line_empty_ = false;
}

}  // namespace virtlight::console
