// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/mac_address.hpp"

#include <charconv>

#include <fmt/ranges.h>
#include <sys/random.h>

#include "domain/text.hpp"

namespace virtlight::domain {

MacAddress MacAddress::random() {
    MacAddress mac{{0x00, 0x16, 0x3e}};
    // So few bytes never come back short once the kernel's pool is ready, which it is long before us.
    [[maybe_unused]] const auto n = ::getrandom(mac.bytes.data() + 3, 3, 0);
    mac.bytes[3] &= 0x7f;
    return mac;
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
    text = trimmed(text);
    MacAddress mac;
    for (std::size_t i = 0; i < mac.bytes.size(); ++i) {
        if (i > 0) {
            if (!text.starts_with(':')) return std::nullopt;
            text.remove_prefix(1);
        }
        const auto digits = text.substr(0, 2);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), mac.bytes[i], 16);
        if (error != std::errc{}) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - digits.data()));
    }
    if (!text.empty()) return std::nullopt;
    return mac;
}

std::string to_string(const MacAddress& mac) {
    return fmt::format("{:02x}", fmt::join(mac.bytes, ":"));
}

}  // namespace virtlight::domain
