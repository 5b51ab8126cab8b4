// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "domain/device.hpp"

/// What each kind of device has, for device.cpp.
namespace virtlight::domain::kinds {

/// All of the kind that a definition has; the second argument says which kind.
auto& all(auto& definition, const Disk&) {
    return definition.disks;
}
auto& all(auto& definition, const Nic&) {
    return definition.nics;
}
auto& all(auto& definition, const PciDevice&) {
    return definition.pci_devices;
}
auto& all(auto& definition, const UsbController&) {
    return definition.usb.controllers;
}
auto& all(auto& definition, const UsbDevice&) {
    return definition.usb.devices;
}

/// Whether there is room for one of them only.
bool same_place(const Disk& one, const Disk& other);
bool same_place(const Nic& one, const Nic& other);
bool same_place(const PciDevice& one, const PciDevice& other);
bool same_place(const UsbController& one, const UsbController& other);
bool same_place(const UsbDevice& one, const UsbDevice& other);

/// As name_of().
std::string named(const Disk& disk);
std::string named(const Nic& nic);
std::string named(const PciDevice& device);
std::string named(const UsbController& controller);
std::string named(const UsbDevice& device);

/// Makes of it what it would be in this definition.
void settle(const Definition&, auto&) {}
void settle(const Definition& definition, Disk& disk);

/// As add_device().
Result<> add(Definition& definition, Disk disk);
Result<> add(Definition& definition, Nic nic);
Result<> add(Definition& definition, PciDevice device);
Result<> add(Definition& definition, UsbController controller);
Result<> add(Definition& definition, UsbDevice device);

/// Whether it may be taken away. As remove_device().
Result<> check_unused(const Definition&, const auto&) {
    return {};
}
Result<> check_unused(const Definition& definition, const UsbController& controller);

/// What the one that is there hands on to the one that takes its place.
void inherit(const auto&, auto&) {}
void inherit(const Nic& before, Nic& nic);
void inherit(const UsbDevice& before, UsbDevice& device);

/// As placed().
Result<Disk> place(const Definition& running, Disk disk);
Result<Nic> place(const Definition& running, Nic nic);
Result<PciDevice> place(const Definition& running, PciDevice device);
Result<UsbController> place(const Definition& running, UsbController controller);
Result<UsbDevice> place(const Definition& running, UsbDevice device);

/// As check_live_unplug().
Result<> check_unplug(const Definition&, const auto&) {
    return {};
}
Result<> check_unplug(const Definition& running, const Disk& disk);

/// As check_live_change().
Result<> check_change(const Definition& running, const Disk& now, const Disk& wanted);
Result<> check_change(const Definition& running, const Nic& now, const Nic& wanted);
/// Of any other kind nothing can be changed.
template <class One>
Result<> check_change(const Definition&, const One& now, const One&) {
    return fail(Reason::unsupported_operation,
                "{} cannot be changed while the guest runs: detach it, and attach it anew", named(now));
}

}  // namespace virtlight::domain::kinds
