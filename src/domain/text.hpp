// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/utf8.hpp"

namespace virtlight::domain {

/// What a uuid is written as, for a refusal.
inline constexpr std::string_view uuid_form =
    "32 hexadecimal digits, as in 7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e";

using virtlight::is_control;
using virtlight::shown;
using virtlight::take_char;

/// Whether XML 1.0 can carry the character.
bool is_xml_char(char32_t character);

/// UTF-8 without control characters.
bool is_line(std::string_view text);

/// The absolute path of a file, up to limits::path_bytes in one line.
bool is_file_path(std::string_view text);

/// Without the blanks around it, as XML counts blanks.
std::string_view trimmed(std::string_view text);

/// The words between the blanks.
std::vector<std::string> words_in(std::string_view text);

/// With U+FFFD for each byte that is not UTF-8.
std::string as_utf8(std::string_view text);

/// The number that all of the text is. Empty: it has other than digits, or is too large for the type.
template <std::unsigned_integral T>
std::optional<T> whole_number(std::string_view text, int base = 10) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Without the "0x" that may stand before hexadecimal digits.
std::string_view without_0x(std::string_view text);

/// The one among `words` that this was meant to be, if one differs by few letters.
std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& words);

/// "; did you mean 'WORD'?", or nothing where none is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& words);

}  // namespace virtlight::domain
