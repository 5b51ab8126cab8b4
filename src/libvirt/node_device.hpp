// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hypervisor/host_devices.hpp"
#include "hypervisor/host_facts.hpp"
#include "hypervisor/pci_devices.hpp"

/// The host's devices, as libvirt's clients know them.
namespace virtlight::libvirt {

/// What all others hang on at last.
struct HostItself {
    std::vector<hypervisor::SmbiosEntry> smbios{};

    bool operator==(const HostItself&) const = default;
};

struct NodeDevice {
    std::string name{};  ///< "pci_0000_07_00_0"
    std::string path{};  ///< in sysfs; empty: not there
    std::string driver{};
    std::variant<HostItself, hypervisor::HostPciDevice, hypervisor::HostUsbDevice, hypervisor::HostInterface,
                 hypervisor::HostScsiDevice, hypervisor::HostDisk>
        what{};

    bool operator==(const NodeDevice&) const = default;
};

/// The host itself first.
std::vector<NodeDevice> node_devices(const hypervisor::HostFacts& host,
                                     const std::vector<hypervisor::HostPciDevice>& pci,
                                     const std::vector<hypervisor::HostDevice>& others);

/// What it is: "pci", "net" ...
std::string_view capability_of(const NodeDevice& device);
/// Its bit in the flags of virConnectListAllNodeDevices.
std::uint32_t capability_flag(const NodeDevice& device);

/// The name of the one that it hangs on; empty: that is the host itself.
std::string parent_of(const NodeDevice& device, const std::vector<NodeDevice>& all);

std::string node_device_xml(const NodeDevice& device, std::string_view parent);

/// What has become of one of them, with libvirt's numbers of what begins and ends.
struct NodeDeviceEvent {
    enum class What : std::int32_t { created = 0, deleted = 1, changed };

    std::string device;  ///< its name
    What what = What::changed;

    bool operator==(const NodeDeviceEvent&) const = default;
};

/// What has happened between two lists of them: first what went, and of that first what hung on others; then
/// what came or changed, in the order of the list. A device is known by its name.
std::vector<NodeDeviceEvent> node_device_changes(const std::vector<NodeDevice>& before,
                                                 const std::vector<NodeDevice>& now);

}  // namespace virtlight::libvirt
