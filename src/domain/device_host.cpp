// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/device_kinds.hpp"

/// What is passed through to a guest, as devices: PCI devices, USB controllers and USB devices.
namespace virtlight::domain::kinds {
namespace {

/// In the definition as it would be.
template <class One>
Result<One> tried_out(Definition definition, const One& device) {
    if (auto added = add(definition, device); !added) return std::unexpected(std::move(added.error()));
    const auto& devices = all(definition, device);
    return *std::ranges::find_if(devices, [&](const One& one) { return same_place(one, device); });
}

}  // namespace

bool same_place(const PciDevice& one, const PciDevice& other) {
    return one.address == other.address;
}
bool same_place(const UsbController& one, const UsbController& other) {
    return one.index == other.index;
}
bool same_place(const UsbDevice& one, const UsbDevice& other) {
    return same_device(one, other);
}

std::string named(const PciDevice& device) {
    return "PCI device " + to_string(device.address);
}
std::string named(const UsbController& controller) {
    return fmt::format("USB controller {}", controller.index);
}
std::string named(const UsbDevice& device) {
    return "USB device " + to_string(device);
}

Result<> add(Definition& definition, PciDevice device) {
    return add_pci_device(definition, std::move(device));
}
Result<> add(Definition& definition, UsbController controller) {
    return add_usb_controller(definition.usb, controller, definition.type);
}
Result<> add(Definition& definition, UsbDevice device) {
    return add_usb_device(definition.usb, device);
}

Result<> check_unused(const Definition& definition, const UsbController& controller) {
    const auto& devices = definition.usb.devices;
    const auto user = std::ranges::find(devices, controller.index, &UsbDevice::controller);
    if (user == devices.end()) return {};
    return fail(Reason::operation_failed, "{} hangs on {}: detach that first", named(*user),
                named(controller));
}

void inherit(const UsbDevice& before, UsbDevice& device) {
    if (device.port != 0) return;
    device.controller = before.controller;
    device.port = before.port;
}

Result<PciDevice> place(const Definition& running, PciDevice device) {
    return tried_out(running, device);
}
Result<UsbController> place(const Definition& running, UsbController controller) {
    return tried_out(running, controller);
}
Result<UsbDevice> place(const Definition& running, UsbDevice device) {
    return tried_out(running, device);
}

}  // namespace virtlight::domain::kinds
