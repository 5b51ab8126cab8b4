// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libvirt/messages.hpp"

/// As messages.hpp, of the host's devices. Each is named by its name alone.
namespace virtlight::libvirt {

struct DeviceNumArgs {
    std::optional<std::string> capability;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.capability, self.flags); }
    bool operator==(const DeviceNumArgs&) const = default;
};

struct DeviceNamesArgs {
    std::optional<std::string> capability;
    std::int32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.capability, self.max, self.flags); }
    bool operator==(const DeviceNamesArgs&) const = default;
};

struct NodeDeviceList {
    std::vector<std::string> names;
    std::uint32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.names, self.count); }
    bool operator==(const NodeDeviceList&) const = default;
};

struct NodeDeviceCapsArgs {
    std::string name;
    std::int32_t max = 0;

    auto fields(this auto& self) { return std::tie(self.name, self.max); }
    bool operator==(const NodeDeviceCapsArgs&) const = default;
};

struct NodeDeviceDetachArgs {
    std::string name;
    std::optional<std::string> driver;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.name, self.driver, self.flags); }
    bool operator==(const NodeDeviceDetachArgs&) const = default;
};

}  // namespace virtlight::libvirt
