// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/pci.hpp"

namespace virtlight::hypervisor {

/// A PCI device of the host.
struct HostPciDevice {
    domain::PciAddress address{};
    unsigned vendor = 0;
    unsigned product = 0;
    std::string vendor_name{};  ///< empty: nobody knows it here, as of the next one
    std::string product_name{};
    unsigned class_code = 0;  ///< 24 bits: class, subclass, interface
    std::string driver{};     ///< in dom0; empty: none
    bool assignable = false;  ///< its driver is Xen's, which hands it to guests
    std::string path{};       ///< in sysfs, as HostDevice has it

    bool operator==(const HostPciDevice&) const = default;
};

/// All that dom0's kernel knows, in the order of their addresses; none if the folder is not there. Blocks.
std::vector<HostPciDevice> read_pci_devices(const std::filesystem::path& folder = "/sys/bus/pci/devices");

/// Has the kernel reset a device that nothing uses. unsupported_operation: it knows no way to;
/// no_node_device; io. Blocks.
Result<> reset_pci_device(const domain::PciAddress& address,
                          const std::filesystem::path& folder = "/sys/bus/pci/devices");

}  // namespace virtlight::hypervisor
