// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libvirt/messages.hpp"

/// As messages.hpp, of a domain's network interfaces: their addresses and their settings.
namespace virtlight::libvirt {

struct InterfaceAddressesArgs {
    Domain dom;
    std::uint32_t source = 0;  ///< whom to ask
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.source, self.flags); }
    bool operator==(const InterfaceAddressesArgs&) const = default;
};

struct InterfaceAddress {
    std::int32_t type = 0;  ///< 0: IPv4, 1: IPv6
    std::string address;
    std::uint32_t prefix = 0;

    auto fields(this auto& self) { return std::tie(self.type, self.address, self.prefix); }
    bool operator==(const InterfaceAddress&) const = default;
};

struct Interface {
    std::string name;
    std::optional<std::string> mac;
    std::vector<InterfaceAddress> addresses;

    auto fields(this auto& self) { return std::tie(self.name, self.mac, self.addresses); }
    bool operator==(const Interface&) const = default;
};

struct InterfaceParamsArgs {
    Domain dom;
    std::string device;  ///< the vif's name or the MAC address
    std::int32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.device, self.max, self.flags); }
    bool operator==(const InterfaceParamsArgs&) const = default;
};

struct SetInterfaceParamsArgs {
    Domain dom;
    std::string device;
    std::vector<TypedParam> params;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.device, self.params, self.flags); }
    bool operator==(const SetInterfaceParamsArgs&) const = default;
};

}  // namespace virtlight::libvirt
