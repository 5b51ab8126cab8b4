// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include <fmt/format.h>

#include "simulated/machine.hpp"

namespace virtlight::simulated {

using hypervisor::HostPciDevice;

/// As the kernel of dom0 shows them.
std::vector<hypervisor::HostDevice> Machine::host_devices() const {
    auto all = settings_.host_devices;
    for (const auto& [domid, domain] : domains_) {
        if (!domain.built || domain.dying) continue;
        for (const auto& nic : domain.definition.nics) {
            const auto name = domain::vif_name(nic, domid);
            all.push_back({.path = fmt::format("/sys/devices/vif-{}-{}/net/{}", domid, nic.devid, name),
                           .what = hypervisor::HostInterface{name, "fe:ff:ff:ff:ff:ff", "up", 0, true}});
        }
    }
    std::ranges::sort(all, {}, &hypervisor::HostDevice::path);
    return all;
}

HostPciDevice* Machine::find_pci_device(const domain::PciAddress& address) {
    const auto found = std::ranges::find(settings_.pci_devices, address, &HostPciDevice::address);
    return found == settings_.pci_devices.end() ? nullptr : &*found;
}

Result<> Machine::check_pci_device(const domain::PciAddress& address) {
    if (find_pci_device(address)) return {};
    return fail(Reason::no_node_device, "the host has no PCI device {}", to_string(address));
}

Result<> Machine::set_assignable(const domain::PciAddress& address, bool assignable) {
    if (auto there = check_pci_device(address); !there) return there;
    auto& device = *find_pci_device(address);
    device.assignable = assignable;
    device.driver = assignable ? "pciback" : "e1000e";
    return {};
}

/// As libxl: one that is not Xen's to give is taken from its driver if that may be, and else refused.
Result<> Machine::take_pci_device(const domain::PciDevice& wanted) {
    if (auto there = check_pci_device(wanted.address); !there) return there;
    auto& device = *find_pci_device(wanted.address);
    if (device.assignable) return {};
    if (!wanted.managed)
        return fail(Reason::operation_failed, "PCI device {} is not assignable: driver {} of dom0 has it",
                    to_string(wanted.address), device.driver);
    return set_assignable(wanted.address, true);
}

}  // namespace virtlight::simulated
