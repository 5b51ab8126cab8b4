// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace virtlight::domain {

/// The hardware address of a network interface.
struct MacAddress {
    std::array<std::uint8_t, 6> bytes{};

    /// A fresh one of those that belong to Xen, 00:16:3e:00:00:00 to 00:16:3e:7f:ff:ff.
    static MacAddress random();
    /// Six numbers of one or two hexadecimal digits in either case, with colons between them and blanks
    /// around.
    static std::optional<MacAddress> parse(std::string_view text);

    /// All zeros: libxl takes it for one that is still to be chosen.
    bool is_nil() const { return *this == MacAddress{}; }
    /// Whether it is the address of many interfaces at once, so that no single one can have it.
    bool is_multicast() const { return (bytes[0] & 1) != 0; }
    auto operator<=>(const MacAddress&) const = default;
};

/// "00:16:3e:01:02:03"
std::string to_string(const MacAddress& mac);

}  // namespace virtlight::domain
