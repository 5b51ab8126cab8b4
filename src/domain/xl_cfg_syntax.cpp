// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xl_cfg_syntax.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

using Kind = XlValue::Kind;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_letter(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_of_key(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.';
}
bool is_of_number(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x';
}

/// Escapes that stand for one character, beside those that stand for themselves: \" \' and two backslashes.
constexpr std::pair<char, char> escapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                                             {'r', '\r'}, {'t', '\t'}, {'v', '\v'}};

std::optional<unsigned> digit_of(char c, unsigned base) {
    unsigned digit = base;
    if (is_digit(c)) digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    return digit < base ? std::optional(digit) : std::nullopt;
}

/// The reader stops at the first thing that is wrong: failed() from then on.
class Reader {
 public:
    explicit Reader(std::string_view text) : rest_(text) {}

    Result<XlSettings> read() {
        while (!failed() && skip_to_setting())
            read_setting();
        if (failed()) return std::unexpected(*std::move(problem_));
        return std::move(settings_);
    }

 private:
    bool failed() const { return problem_.has_value(); }
    char next() const { return rest_.empty() ? '\0' : rest_.front(); }
    void take() {
        if (rest_.front() == '\n') ++line_;
        rest_.remove_prefix(1);
    }
    char taken() {
        const char c = next();
        take();
        return c;
    }
    bool take_if(char c) {
        if (rest_.empty() || rest_.front() != c) return false;
        take();
        return true;
    }
    template <class Is>
    std::string take_while(Is is) {
        const auto end = std::ranges::find_if_not(rest_, is);
        std::string taken(rest_.begin(), end);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    template <class... Args>
    void refuse(fmt::format_string<Args...> text, Args&&... args) {
        if (failed()) return;
        problem_ = Error{Reason::invalid_argument,
                         fmt::format("line {}: {}", line_, fmt::format(text, std::forward<Args>(args)...))};
    }
    /// What is there instead of what was expected.
    std::string found() const {
        if (rest_.empty()) return "the end of the file";
        if (next() == '\n') return "the end of the line";
        return fmt::format("'{}'", shown(rest_.substr(0, rest_.find_first_of(" \t\n")), 20));
    }

    void skip_blanks() {
        take_while([](char c) { return c == ' ' || c == '\t' || c == '\r'; });
    }
    void skip_comment() {
        if (next() == '#') rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
    /// Over blanks, comments and ends of lines.
    void skip_lines() {
        do {
            skip_blanks();
            skip_comment();
        } while (take_if('\n'));
    }
    /// False: there is no further one.
    bool skip_to_setting() {
        do
            skip_lines();
        while (take_if(';'));
        return !rest_.empty();
    }

    void read_setting() {
        const auto line = line_;
        if (!is_letter(next())) return refuse("expected the name of an option, and found {}", found());
        auto key = take_while(is_of_key);
        skip_blanks();
        const bool adds = take_if('+');
        if (!take_if('=')) return refuse("expected '=' behind '{}', and found {}", shown(key), found());
        skip_blanks();
        auto value = read_value(0);
        skip_blanks();
        skip_comment();
        if (!rest_.empty() && next() != '\n' && next() != ';')
            refuse("expected the end of the line behind the value of '{}', and found {}", shown(key),
                   found());
        if (!failed()) store({std::move(key), std::move(value), line}, adds);
    }

    void store(XlSetting setting, bool adds) {
        const auto before = std::ranges::find(settings_, setting.key, &XlSetting::key);
        if (before != settings_.end()) {
            if (!adds)
                return refuse("'{}' is given again; line {} has it already", shown(setting.key),
                              before->line);
            add_to(before->value, setting);
            settings_.erase(before);
        }
        if (settings_.size() == limits::xl_cfg_settings)
            return refuse("there are more than {} options", limits::xl_cfg_settings);
        settings_.push_back(std::move(setting));
    }

    void add_to(XlValue& before, XlSetting& setting) {
        auto& value = setting.value;
        if (before.kind != value.kind || value.kind == Kind::number)
            return refuse("'{} +=' adds a list to a list or a text to a text, and nothing else",
                          shown(setting.key));
        if (before.items.size() + value.items.size() > limits::xl_cfg_items)
            return refuse("the list '{}' has more than {} items", shown(setting.key), limits::xl_cfg_items);
        before.text += value.text;
        std::ranges::move(value.items, std::back_inserter(before.items));
        value = std::move(before);
        value.line = setting.line;
    }

    XlValue read_value(unsigned depth) {
        const auto line = line_;
        auto value = read_value_here(depth);
        value.line = line;
        return value;
    }
    XlValue read_value_here(unsigned depth) {
        if (next() == '[') return read_list(depth);
        if (next() == '"' || next() == '\'') return {.kind = Kind::text, .text = read_text()};
        if (is_digit(next())) return {.kind = Kind::number, .text = take_while(is_of_number)};
        refuse("expected a number, a text in quotes or a list in brackets, and found {}", found());
        return {};
    }

    XlValue read_list(unsigned depth) {
        XlValue list{.kind = Kind::list};
        const auto line = line_;
        take();
        if (depth == limits::xl_cfg_depth) refuse("lists are nested deeper than {}", limits::xl_cfg_depth);
        for (skip_lines(); !failed() && !take_if(']'); skip_lines()) {
            if (rest_.empty()) refuse("the list that begins in line {} has no end", line);
            if (list.items.size() == limits::xl_cfg_items)
                refuse("the list that begins in line {} has more than {} items", line, limits::xl_cfg_items);
            list.items.push_back(read_value(depth + 1));
            skip_lines();
            if (failed() || take_if(',') || next() == ']') continue;
            refuse("expected ',' or ']' in the list, and found {}", found());
        }
        return list;
    }

    std::string read_text() {
        std::string text;
        const char quote = taken();
        while (!failed() && !take_if(quote)) {
            if (rest_.empty() || next() == '\n')
                refuse("a text has no closing {}", quote);
            else
                text += take_if('\\') ? read_escape() : taken();
        }
        return text;
    }

    char read_escape() {
        if (digit_of(next(), 8)) return read_number(8, 1, 3);
        if (take_if('x')) return read_number(16, 2, 2);
        const char c = next();
        const auto* const escape = std::ranges::find(escapes, c, &std::pair<char, char>::first);
        if (escape == std::end(escapes) && c != '"' && c != '\'' && c != '\\') {
            refuse("'\\{}' in a text means nothing", shown(rest_.substr(0, 1)));
            return c;
        }
        take();
        return escape == std::end(escapes) ? c : escape->second;
    }

    char read_number(unsigned base, unsigned min, unsigned max) {
        unsigned number = 0;
        unsigned digits = 0;
        for (; digits < max && !rest_.empty(); ++digits) {
            const auto digit = digit_of(next(), base);
            if (!digit) break;
            number = number * base + *digit;
            take();
        }
        if (digits < min || number == 0 || number > 0xff) refuse("a text has the number of no character");
        return static_cast<char>(number);
    }

    std::string_view rest_;
    unsigned line_ = 1;
    XlSettings settings_;
    std::optional<Error> problem_;
};

/// What would end a text or cannot stand in a line is escaped; all else, UTF-8 among it, stands for itself.
void append_text(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        const auto* const escape = std::ranges::find(escapes, c, &std::pair<char, char>::second);
        if (escape != std::end(escapes)) {
            out += {'\\', escape->first};
        } else if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
        } else {
            out += c;
        }
    }
    out += '"';
}

void append_value(std::string& out, const XlValue& value) {
    if (value.kind == Kind::number) {
        out += value.text;
    } else if (value.kind == Kind::text) {
        append_text(out, value.text);
    } else {
        out += '[';
        for (const auto* separator = " "; const auto& item : value.items) {
            out += std::exchange(separator, ", ");
            append_value(out, item);
        }
        out += value.items.empty() ? "]" : " ]";
    }
}

}  // namespace

Result<XlSettings> parse_xl_settings(std::string_view text) {
    if (text.size() > limits::xl_cfg_bytes)
        return fail(Reason::invalid_argument, "the file has {} bytes; the limit is {}", text.size(),
                    limits::xl_cfg_bytes);
    if (text.contains('\0')) return fail(Reason::invalid_argument, "the file has a character of number 0");
    return Reader(text).read();
}

std::string format_xl_settings(const XlSettings& settings) {
    std::string out;
    for (const auto& [key, value, line] : settings) {
        out += key;
        out += " = ";
        append_value(out, value);
        out += '\n';
    }
    return out;
}

}  // namespace virtlight::domain
