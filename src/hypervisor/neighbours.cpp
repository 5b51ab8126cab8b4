// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/neighbours.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/file.hpp"
#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::hypervisor {
namespace {

/// The first columns: address, type of hardware, flags, address of the hardware.
std::array<std::string_view, 4> first_columns(std::string_view line) {
    std::array<std::string_view, 4> columns{};
    for (auto& column : columns) {
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        column = line.substr(0, line.find(' '));
        line.remove_prefix(column.size());
    }
    return columns;
}

/// In hexadecimal digits, behind "0x".
unsigned flags_in(std::string_view text) {
    constexpr std::string_view prefix = "0x";
    if (!text.starts_with(prefix)) return 0;
    constexpr int hexadecimal = 16;
    return domain::whole_number<unsigned>(text.substr(prefix.size()), hexadecimal).value_or(0);
}

}  // namespace

std::vector<Neighbour> parse_arp_table(std::string_view text) {
    constexpr unsigned complete = 2;  // as Linux has it: the address of the hardware is known
    std::vector<Neighbour> all;
    for (const auto part : std::views::split(text, '\n')) {
        const auto [address, type, flags, hardware] = first_columns({part.begin(), part.end()});
        const auto mac = domain::MacAddress::parse(hardware);
        if (mac && !mac->is_nil() && (flags_in(flags) & complete) != 0)
            all.push_back({*mac, std::string(address)});
    }
    return all;
}

Result<std::vector<Neighbour>> read_neighbours() {
    const auto text = read_file("/proc/net/arp", limits::arp_bytes);
    if (!text) return std::unexpected(text.error());
    return parse_arp_table(*text);
}

}  // namespace virtlight::hypervisor
