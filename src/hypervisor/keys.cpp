// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/keys.hpp"

#include <string>
#include <string_view>

namespace virtlight::hypervisor {
namespace {

using Key = std::uint8_t;

constexpr Key left_alt = 0x38;
constexpr Key right_alt = 0xb8;
constexpr Key sysrq = 0x54;  // of Print together with Alt
constexpr Key print = 0xb7;

/// Keys that stand beside each other, as on a keyboard of the USA.
struct KeyRow {
    Key first;
    std::string_view words;
};
constexpr KeyRow key_rows[] = {{2, "1234567890"}, {16, "qwertyuiop"}, {30, "asdfghjkl"}, {44, "zxcvbnm"}};

char word_on(Key key) {
    for (const auto& [first, words] : key_rows)
        if (key >= first && key < first + words.size()) return words[key - first];
    return 0;
}

}  // namespace

std::optional<char> sysrq_of(const KeyPress& press) {
    bool with_alt = false;
    bool with_sysrq = false;
    std::string words;  // with a zero for each key of another kind
    for (const auto key : press.keys) {
        if (key == left_alt || key == right_alt)
            with_alt = true;
        else if (key == sysrq || key == print)
            with_sysrq = true;
        else
            words += word_on(key);
    }
    const bool is_request = with_alt && with_sysrq && words.size() == 1 && words.front() != 0;
    return is_request ? std::optional(words.front()) : std::nullopt;
}

}  // namespace virtlight::hypervisor
