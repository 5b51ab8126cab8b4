// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "hypervisor/usb_devices.hpp"

namespace virtlight::hypervisor {

/// A network interface of dom0's.
struct HostInterface {
    std::string name{};
    std::string mac{};        ///< empty: it has no address of six bytes
    std::string state{};      ///< "up", "down", "unknown" ... as the kernel has it
    unsigned speed_mbit = 0;  ///< 0: not known
    bool ethernet = false;
    bool wireless = false;

    bool operator==(const HostInterface&) const = default;
};

struct HostScsiDevice {
    unsigned host = 0;
    unsigned bus = 0;
    unsigned target = 0;
    unsigned lun = 0;
    std::string type{};  ///< "disk"; empty: one that has no name here

    bool operator==(const HostScsiDevice&) const = default;
};

/// A whole disk, or a drive for media.
struct HostDisk {
    std::string node{};  ///< "/dev/sda"
    std::string vendor{};
    std::string model{};
    std::string serial{};
    std::uint64_t bytes = 0;     ///< of its medium; 0: there is none
    unsigned block_bytes = 512;  ///< a logical block's
    bool removable = false;
    bool optical = false;

    bool operator==(const HostDisk&) const = default;
};

/// A device of the host that is none of a PCI bus's.
struct HostDevice {
    std::string path{};    ///< in sysfs, of which no part is a link: what it hangs on is further up
    std::string driver{};  ///< in dom0; empty: none
    std::variant<HostUsbDevice, HostInterface, HostScsiDevice, HostDisk> what{};

    bool operator==(const HostDevice&) const = default;
};

/// Those that dom0's kernel knows, in the order of their paths, limits::node_devices of each kind at most.
/// Blocks.
std::vector<HostDevice> read_host_devices(const std::filesystem::path& sysfs = "/sys");

}  // namespace virtlight::hypervisor
