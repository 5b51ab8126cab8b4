// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/line_cleaner.hpp"

#include <algorithm>
#include <utility>

namespace virtlight {
namespace {

constexpr char escape = '\x1b';
constexpr char bell = '\a';
/// The first byte of those that have two in UTF-8: of Unicode's further control characters, and of some
/// others.
constexpr char lead = '\xc2';

bool within(char c, char from, char to) {
    return from <= c && c <= to;
}

bool is_control_byte(char c) {
    return within(c, '\0', '\x1f') || c == '\x7f';
}

/// Most of what guests write is plain text; it goes in one piece.
std::string_view plain_run(std::string_view bytes) {
    const auto is_special = [](char c) { return is_control_byte(c) || c == lead; };
    return bytes.substr(0, static_cast<std::size_t>(std::ranges::find_if(bytes, is_special) - bytes.begin()));
}

/// Whether it stands in what is made of it.
bool is_kept(char c) {
    return !is_control_byte(c) || c == '\t' || c == '\n';
}

bool ends_any_sequence(char c) {
    constexpr char cancel = '\x18';
    return c == '\n' || c == '\r' || c == cancel;
}

}  // namespace

void LineCleaner::clean(std::string_view bytes, std::string& out) {
    while (!bytes.empty()) {
        const bool in_text = state_ == State::text && !returned_ && !led_;
        const auto plain = in_text ? plain_run(bytes) : std::string_view();
        out += plain;
        if (!plain.empty()) line_empty_ = false;
        bytes.remove_prefix(plain.size());
        if (bytes.empty()) return;
        step(bytes.front(), out);
        bytes.remove_prefix(1);
    }
}

void LineCleaner::step(char c, std::string& out) {
    if (std::exchange(led_, false) && !step_behind_lead(c, out)) return;
    if (c == lead)
        led_ = true;
    else if (state_ == State::text || !step_in_sequence(c))
        step_in_text(c, out);
}

/// False: the two bytes are one control character, which does what ESC and a letter do.
bool LineCleaner::step_behind_lead(char c, std::string& out) {
    if (within(c, '\x80', '\x9f')) {
        state_ = State::escape;
        step_in_sequence(static_cast<char>(c - '@'));
        return false;
    }
    // What comes is put right behind it. Elsewhere it could become a control character with what follows.
    if (state_ == State::text && is_kept(c) && c != lead) put(lead, out);
    return true;
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
    if (is_kept(c)) put(c, out);
}

void LineCleaner::put(char c, std::string& out) {
    if (returned_ && !line_empty_) out += '\n';
    out += c;
    returned_ = false;
    line_empty_ = false;
}

}  // namespace virtlight
