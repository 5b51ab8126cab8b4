// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/messages.hpp"

/// As messages.hpp, of the settings of a domain's network interfaces.
namespace virtlight::libvirt {

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
