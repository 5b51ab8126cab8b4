// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/uuid.hpp"

#include <cstring>

#include <fmt/format.h>
#include <sys/random.h>

namespace virtlight {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

Uuid Uuid::random() {
    Uuid uuid;
    // 16 bytes never come back short once the kernel's pool is ready, which it is long before us.
    [[maybe_unused]] const auto n = ::getrandom(uuid.bytes.data(), uuid.bytes.size(), 0);
    uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    Uuid uuid;
    std::size_t digits = 0;
    for (const char c : trimmed(text)) {
        if (c == '-' && digits > 0 && digits % 2 == 0) continue;
        const int value = hex_digit(c);
        if (value < 0 || digits == 32) return std::nullopt;
        auto& byte = uuid.bytes[digits / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | value);
        ++digits;
    }
    if (digits != 32) return std::nullopt;
    return uuid;
}

std::string to_string(const Uuid& uuid) {
    const auto& b = uuid.bytes;
    return fmt::format(
        "{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:"
        "02x}",
        b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

}  // namespace virtlight

std::size_t std::hash<virtlight::Uuid>::operator()(const virtlight::Uuid& uuid) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, uuid.bytes.data(), sizeof value);
    return value;
}
