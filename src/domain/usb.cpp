// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/usb.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {
namespace {

using UsbModel = UsbController::Model;

constexpr unsigned address_most = 255;
constexpr unsigned id_most = 0xffff;
constexpr unsigned paravirtual_ports = 31;
constexpr unsigned uhci_ports = 2;
constexpr unsigned ehci_ports = 6;
constexpr unsigned xhci_ports = 15;
constexpr unsigned ports_by_default = 8;

bool is_emulated(UsbModel model) {
    return model != UsbModel::qusb1 && model != UsbModel::qusb2;
}

struct Ports {
    unsigned least;
    unsigned most;
};

Ports ports_of(UsbModel model) {
    switch (model) {
        case UsbModel::uhci: return {uhci_ports, uhci_ports};
        case UsbModel::ehci: return {ehci_ports, ehci_ports};
        case UsbModel::xhci: return {1, xhci_ports};
        case UsbModel::qusb1:
        case UsbModel::qusb2: break;
    }
    return {1, paravirtual_ports};
}

bool has_address(const UsbDevice& device) {
    return device.host_bus != 0;
}

/// Whether it can be found on a host.
Result<> check_identity(const UsbDevice& device) {
    if (device.id && (device.id->vendor == 0 || device.id->vendor > id_most || device.id->product > id_most))
        return fail(
            Reason::unsupported_config,
            "the vendor of a USB device is from 0x0001 to {0:#06x}, and its product up to {0:#06x}, not "
            "{1:#06x} and {2:#06x}",
            id_most, device.id->vendor, device.id->product);
    if (device.id && device.host_bus == 0 && device.host_device == 0) return {};
    const auto is_address = [](unsigned number) { return number >= 1 && number <= address_most; };
    if (is_address(device.host_bus) && is_address(device.host_device)) return {};
    return fail(Reason::unsupported_config,
                "the bus and the number of a USB device are from 1 to {}, not {}.{}", address_most,
                device.host_bus, device.host_device);
}

bool is_free(const Usb& usb, unsigned controller, unsigned port) {
    return std::ranges::none_of(usb.devices, [&](const UsbDevice& device) {
        return device.controller == controller && device.port == port;
    });
}

/// Gives it the first free port.
bool place(const Usb& usb, UsbDevice& device) {
    for (const auto& controller : usb.controllers) {
        device.port = free_port(usb, controller.index);
        if (device.port == 0) continue;
        device.controller = controller.index;
        return true;
    }
    return false;
}

Result<> check_place(const Usb& usb, const UsbDevice& device) {
    const auto controller = std::ranges::find(usb.controllers, device.controller, &UsbController::index);
    if (controller == usb.controllers.end())
        return fail(Reason::invalid_argument, "USB device {}: the guest has no USB controller {}",
                    to_string(device), device.controller);
    if (device.port > controller->ports)
        return fail(Reason::invalid_argument, "USB device {}: USB controller {} has ports 1 to {}, not {}",
                    to_string(device), device.controller, controller->ports, device.port);
    if (!is_free(usb, device.controller, device.port))
        return fail(Reason::invalid_argument, "USB device {}: port {} of USB controller {} is taken",
                    to_string(device), device.port, device.controller);
    return {};
}

}  // namespace

UsbModel usual_usb_model(GuestType type) {
    return type == GuestType::hvm ? UsbModel::ehci : UsbModel::qusb2;
}

unsigned usual_ports(UsbModel model) {
    const auto [least, most] = ports_of(model);
    return std::clamp(ports_by_default, least, most);
}

unsigned free_index(const std::vector<UsbController>& controllers) {
    unsigned index = 0;
    while (std::ranges::find(controllers, index, &UsbController::index) != controllers.end())
        ++index;
    return index;
}

unsigned free_port(const Usb& usb, unsigned controller) {
    const auto found = std::ranges::find(usb.controllers, controller, &UsbController::index);
    const auto ports = found == usb.controllers.end() ? 0U : found->ports;
    for (unsigned port = 1; port <= ports; ++port)
        if (is_free(usb, controller, port)) return port;
    return 0;
}

Result<> add_usb_controller(Usb& usb, const UsbController& controller, GuestType type) {
    const auto index = controller.index;
    const auto model = controller.model;
    const auto ports = controller.ports;
    if (is_emulated(model) && type != GuestType::hvm)
        return fail(Reason::unsupported_config,
                    "USB controller {} is emulated, which only an HVM guest can have; allowed here are the "
                    "models qusb1 and qusb2",
                    index);
    if (index >= limits::usb_controllers)
        return fail(Reason::unsupported_config, "a guest can have USB controllers 0 to {}, not {}",
                    limits::usb_controllers - 1, index);
    if (const auto [least, most] = ports_of(model); ports < least || ports > most)
        return fail(Reason::unsupported_config, "USB controller {} can have from {} to {} ports, not {}",
                    index, least, most, ports);
    const auto place = std::ranges::lower_bound(usb.controllers, index, {}, &UsbController::index);
    if (place != usb.controllers.end() && place->index == index)
        return fail(Reason::invalid_argument, "the guest has a USB controller {} already", index);
    usb.controllers.insert(place, controller);
    return {};
}

Result<> add_usb_device(Usb& usb, UsbDevice device) {
    if (auto good = check_identity(device); !good) return good;
    for (const auto& other : usb.devices)
        if (same_device(other, device))
            return fail(Reason::invalid_argument, "the guest has USB device {} already", to_string(device));
    if (device.port == 0 && !place(usb, device))
        return fail(Reason::invalid_argument,
                    "USB device {}: no port of a USB controller of the guest is free; add a controller first",
                    to_string(device));
    if (auto good = check_place(usb, device); !good) return good;
    usb.devices.push_back(device);
    return {};
}

Result<> add_usb_device_with_room(Usb& usb, UsbDevice device, GuestType type) {
    if (device.port == 0 && !place(usb, device)) {
        const auto model = usual_usb_model(type);
        const UsbController more{free_index(usb.controllers), model, usual_ports(model)};
        if (auto good = add_usb_controller(usb, more, type); !good) return good;
    }
    return add_usb_device(usb, std::move(device));
}

std::string to_string(const UsbId& id) {
    return fmt::format("{:04x}:{:04x}", id.vendor, id.product);
}

bool same_device(const UsbDevice& one, const UsbDevice& other) {
    if (has_address(one) && has_address(other))
        return one.host_bus == other.host_bus && one.host_device == other.host_device;
    return one.id && one.id == other.id;
}

Usb without_found_addresses(Usb usb) {
    for (auto& device : usb.devices) {
        if (!device.found) continue;
        device.host_bus = device.host_device = 0;
        device.found = false;
    }
    return usb;
}

std::string to_string(const UsbDevice& device) {
    if (device.id && !has_address(device)) return to_string(*device.id);
    return fmt::format("{}.{}", device.host_bus, device.host_device);
}

std::string alias_of(const UsbController& controller) {
    return fmt::format("usb{}", controller.index);
}

std::string alias_of(const UsbDevice& device) {
    return fmt::format("usb{}-port{}", device.controller, device.port);
}

}  // namespace virtlight::domain
