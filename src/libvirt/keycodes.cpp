// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/keycodes.hpp"

#include <array>
#include <string>
#include <string_view>

namespace virtlight::libvirt {
namespace {

using Key = std::uint8_t;

constexpr Key no_key = 0;
constexpr std::uint32_t extended = 0x80;

/// By the codes that Linux gives them (KEY_ESC is 1), the main block first: there it counts as the first
/// keyboards did.
constexpr std::array<Key, 128> linux_keys = [] {
    std::array<Key, 128> keys{};
    for (Key code = 1; code < 84; ++code)
        keys[code] = code;
    struct Pair {
        Key code, key;
    };
    constexpr Pair others[] = {
        // what Japanese keyboards and the second of Europe's have besides
        {85, 0x76},
        {86, 0x56},
        {89, 0x73},
        {90, 0x78},
        {91, 0x77},
        {92, 0x79},
        {93, 0x70},
        {94, 0x7b},
        {95, 0x5c},
        {121, 0x7e},
        {122, 0x72},
        {123, 0x71},
        {124, 0x7d},
        // F11, F12, Enter and / of the keypad, Ctrl and Alt of the right, SysRq
        {87, 0x57},
        {88, 0x58},
        {96, 0x9c},
        {97, 0x9d},
        {98, 0xb5},
        {99, 0x54},
        {100, 0xb8},
        {101, 0x5b},
        // Home, Up, Page Up, Left, Right, End, Down, Page Down, Insert, Delete
        {102, 0xc7},
        {103, 0xc8},
        {104, 0xc9},
        {105, 0xcb},
        {106, 0xcd},
        {107, 0xcf},
        {108, 0xd0},
        {109, 0xd1},
        {110, 0xd2},
        {111, 0xd3},
        // mute, quieter, louder, power, = and +- of the keypad, Pause, both Meta, Menu
        {113, 0xa0},
        {114, 0xae},
        {115, 0xb0},
        {116, 0xde},
        {117, 0x59},
        {118, 0xce},
        {119, 0xc6},
        {125, 0xdb},
        {126, 0xdc},
        {127, 0xdd}};
    for (const auto& [code, key] : others)
        keys[code] = key;
    return keys;
}();

/// By their usage in USB's page of keyboards, from 0x04 (A) on: in Linux's codes.
constexpr std::uint32_t first_usage = 0x04;
constexpr auto usb_keys = std::to_array<Key>({
    30,  48,  46,  32,  18,  33,
    34,  35,  23,  36,  37,  38,  // A to L
    50,  49,  24,  25,  16,  19,
    31,  20,  22,  47,  17,  45,  // M to X
    21,  44,  2,   3,   4,   5,
    6,   7,   8,   9,   10,  11,  // Y, Z, 1 to 0
    28,  1,   14,  15,  57,  12,
    13,  26,  27,  43,  43,  39,  // Enter, Esc, Backspace, Tab, Space, - = [ ] \ # ;
    40,  41,  51,  52,  53,  58,
    59,  60,  61,  62,  63,  64,  // ' ` , . / Caps Lock, F1 to F6
    65,  66,  67,  68,  87,  88,
    99,  70,  119, 110, 102, 104,  // F7 to F12, SysRq, Scroll Lock, Pause, Insert ...
    111, 107, 109, 106, 105, 108,
    103, 69,  98,  55,  74,  78,  // Delete ... the arrows, Num Lock, / * - +
    96,  79,  80,  81,  75,  76,
    77,  71,  72,  73,  82,  83,  // Enter, 1 to 9, 0 and . of the keypad
    86,  127, 116, 117,           // the second \, Menu, Power, = of the keypad
});
/// Ctrl, Shift, Alt, Meta, of the left and of the right.
constexpr std::uint32_t first_modifier = 0xe0;
constexpr auto usb_modifiers = std::to_array<Key>({29, 42, 56, 125, 97, 54, 100, 126});

Key from_linux(std::uint32_t code) {
    return code < linux_keys.size() ? linux_keys[code] : no_key;
}

Key from_usb(std::uint32_t usage) {
    if (usage >= first_usage && usage - first_usage < usb_keys.size())
        return from_linux(usb_keys[usage - first_usage]);
    if (usage >= first_modifier && usage - first_modifier < usb_modifiers.size())
        return from_linux(usb_modifiers[usage - first_modifier]);
    return no_key;
}

/// As a keyboard sends them, with what this set writes for 0xe0 before.
Key from_scan_code(std::uint32_t code, std::uint32_t prefix) {
    if (code < extended) return static_cast<Key>(code);
    const auto second = code & ~prefix;
    return code >= prefix && second > 0 && second < extended ? static_cast<Key>(second | extended) : no_key;
}

Key from_scan_code(std::uint32_t code) {
    return from_scan_code(code, 0xe000);
}

Key from_xorg_scan_code(std::uint32_t code) {
    return from_scan_code(code, 0x100);
}

Key from_qnum(std::uint32_t code) {
    return code <= 0xff ? static_cast<Key>(code) : no_key;
}

struct Codeset {
    std::string_view name;
    Key (*key_of)(std::uint32_t code);  ///< null: not served
};

/// By libvirt's numbers. Those that are not served count keys of other keyboards than a guest has.
constexpr auto codesets = std::to_array<Codeset>({
    {"linux", from_linux},
    {"xt", from_scan_code},
    {"atset1", from_scan_code},
    {"atset2", nullptr},
    {"atset3", nullptr},
    {"os_x", nullptr},
    {"xt_kbd", from_xorg_scan_code},
    {"usb", from_usb},
    {"win32", nullptr},
    {"qnum", from_qnum},
});

}  // namespace

Result<std::vector<std::uint8_t>> keys_of(std::uint32_t codeset, const std::vector<std::uint32_t>& codes) {
    const auto* const set = codeset < codesets.size() ? &codesets[codeset] : nullptr;
    if (!set || !set->key_of)
        return fail(Reason::unsupported_argument,
                    "codeset {} is not served; allowed here: linux, xt, atset1, xt_kbd, usb, qnum",
                    set ? std::string(set->name) : fmt::format("{}", codeset));
    std::vector<std::uint8_t> keys;
    for (const auto code : codes) {
        keys.push_back(set->key_of(code));
        if (keys.back() == no_key)
            return fail(Reason::invalid_argument, "keycode {} of codeset {} is no key of a guest's keyboard",
                        code, set->name);
    }
    return keys;
}

}  // namespace virtlight::libvirt
