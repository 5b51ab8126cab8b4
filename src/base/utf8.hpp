// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Text that others have written: what it consists of, and how it can be shown without doing anything.
namespace virtlight {

/// Takes one character off the front of `text`, which is UTF-8 and not empty. Where it is not UTF-8, one byte
/// is taken and nothing given.
std::optional<char32_t> take_char(std::string_view& text);

/// The front of `text`, of `limit` bytes at most, that ends with a whole character of UTF-8.
std::string_view cut_to(std::string_view text, std::size_t limit);

/// A surrogate: one half of a character in UTF-16, and none in UTF-8.
bool is_surrogate(char32_t character);

/// Control characters of ASCII and of Unicode, line breaks and tabs among them.
bool is_control(char32_t character);

/// One line of UTF-8 that no terminal obeys, for a sentence or a log: "\x1b" stands for each byte of a
/// control character, and for each that is not UTF-8. Cut, with "..." behind it, where it is longer than
/// `limit` bytes.
std::string shown(std::string_view value, std::size_t limit = 80);

}  // namespace virtlight
