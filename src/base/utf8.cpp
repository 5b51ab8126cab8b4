// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/utf8.hpp"

#include <fmt/format.h>

namespace virtlight {
namespace {

/// Bytes of a UTF-8 sequence by its first byte; 0: none starts so.
std::size_t sequence_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

/// Whether a byte of UTF-8 is within a character, and not its first.
bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// The least character that needs so many bytes: less in them is an overlong form.
constexpr char32_t least_of_length[] = {0, 0, 0x80, 0x800, 0x10000};

}  // namespace

std::optional<char32_t> take_char(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const auto length = sequence_length(first);
    if (length == 1) {
        text.remove_prefix(1);
        return first;
    }
    char32_t character = first & (0x7fU >> length);
    bool good = length > 0 && text.size() >= length;
    for (std::size_t i = 1; good && i < length; ++i) {
        good = continues(text[i]);
        character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
    }
    good = good && character >= least_of_length[length] && character <= 0x10ffff && !is_surrogate(character);
    text.remove_prefix(good ? length : 1);
    if (!good) return std::nullopt;
    return character;
}

std::string_view cut_to(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    constexpr int most_continuing = 3;
    for (int i = 0; i < most_continuing && limit > 0 && continues(text[limit]); ++i)
        --limit;
    return text.substr(0, limit);
}

bool is_surrogate(char32_t c) {
    return c >= 0xd800 && c <= 0xdfff;
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

std::string shown(std::string_view value, std::size_t limit) {
    std::string line;
    while (!value.empty()) {
        if (line.size() >= limit) return line + "...";
        const auto before = value;
        const auto character = take_char(value);
        const auto bytes = before.substr(0, before.size() - value.size());
        if (character && !is_control(*character)) {
            line += bytes;
        } else {
            for (const char byte : bytes)
                line += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        }
    }
    return line;
}

}  // namespace virtlight
