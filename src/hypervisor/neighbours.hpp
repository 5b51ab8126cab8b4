// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/mac_address.hpp"

namespace virtlight::hypervisor {

/// One who has answered Domain-0 for an IP address, as far as that remembers.
struct Neighbour {
    domain::MacAddress mac{};
    std::string address{};  ///< of IPv4

    bool operator==(const Neighbour&) const = default;
};

/// What the kernel's table of ARP, /proc/net/arp, says. Who has not answered is left out.
std::vector<Neighbour> parse_arp_table(std::string_view text);

/// Blocks. io.
Result<std::vector<Neighbour>> read_neighbours();

}  // namespace virtlight::hypervisor
