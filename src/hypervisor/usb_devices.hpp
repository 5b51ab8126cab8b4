// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/usb.hpp"

namespace virtlight::hypervisor {

/// A USB device of the host.
struct HostUsbDevice {
    unsigned bus = 0;
    unsigned device = 0;  ///< its number on that bus
    domain::UsbId id{};
    std::string vendor_name{};  ///< as the device says it; empty: it does not
    std::string product_name{};

    bool operator==(const HostUsbDevice&) const = default;
};

/// The one that has this folder in sysfs; empty: that is of something else, as of an interface of a device.
/// Blocks.
std::optional<HostUsbDevice> read_usb_device(const std::filesystem::path& device);

/// All that dom0's kernel knows, by their addresses; none if the folder is not there. Blocks.
std::vector<HostUsbDevice> read_usb_devices(const std::filesystem::path& folder = "/sys/bus/usb/devices");

/// Gives those that are to be found by their ids the addresses that they have on the host, and looks whether
/// those that have an address are what they are said to be. no_node_device: one is not there;
/// operation_failed: there are several; invalid_argument: two turn out to be one.
Result<domain::Usb> find_usb_devices(domain::Usb wanted, const std::vector<HostUsbDevice>& host);

}  // namespace virtlight::hypervisor
