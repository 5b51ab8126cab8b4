// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace virtlight {

/// A domain's uuid, in the byte order in which it is written.
struct Uuid {
    std::array<std::uint8_t, 16> bytes{};

    /// A fresh version 4 uuid from the kernel's random source.
    static Uuid random();
    /// With or without dashes, in either case, with blanks around it, as libvirt's clients write them.
    static std::optional<Uuid> parse(std::string_view text);

    bool is_nil() const { return *this == Uuid{}; }
    auto operator<=>(const Uuid&) const = default;
};

/// "8-4-4-4-12" in lower case.
std::string to_string(const Uuid& uuid);

}  // namespace virtlight

template <>
struct std::hash<virtlight::Uuid> {
    std::size_t operator()(const virtlight::Uuid& uuid) const noexcept;
};
