// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/text.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/limits.hpp"

namespace virtlight::domain {

bool is_xml_char(char32_t c) {
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return !is_surrogate(c) && c != 0xfffe && c != 0xffff && c <= 0x10ffff;
}

std::string as_utf8(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto before = text;
        if (take_char(text))
            clean += before.substr(0, before.size() - text.size());
        else
            clean += "\ufffd";
    }
    return clean;
}

namespace {
constexpr std::string_view blanks = " \t\r\n";
}

bool is_line(std::string_view text) {
    while (!text.empty()) {
        const auto character = take_char(text);
        if (!character || is_control(*character)) return false;
    }
    return true;
}

bool is_file_path(std::string_view text) {
    return text.size() > 1 && text.size() <= limits::path_bytes && text.starts_with('/') &&
           text.find_first_of("\r\n") == text.npos;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view without_0x(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    return text;
}

std::vector<std::string> words_in(std::string_view text) {
    std::vector<std::string> words;
    while (!(text = trimmed(text)).empty()) {
        const auto word = text.substr(0, text.find_first_of(blanks));
        words.emplace_back(word);
        text.remove_prefix(word.size());
    }
    return words;
}

namespace {

/// Letters to be changed, added or left out to make one of the other.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 0; i < one.size(); ++i) {
        auto before = row[0]++;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const auto changed = before + (one[i] == other[j] ? 0U : 1U);
            before = row[j + 1];
            row[j + 1] = std::min({changed, before + 1, row[j] + 1});
        }
    }
    return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& words) {
    constexpr std::size_t longest = 64;
    std::optional<std::string_view> best;
    if (word.size() > longest) return best;
    auto least = std::min(word.size() / 3 + 1, word.size() / 2);  // more would be another word
    for (const auto& candidate : words) {
        const auto far = distance(word, candidate);
        if (far > least || (best && far == least)) continue;
        least = far;
        best = candidate;
    }
    return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& words) {
    const auto near = nearest(word, words);
    return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

}  // namespace virtlight::domain
