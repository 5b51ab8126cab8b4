// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>
#include <vector>

#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// Devices of the host that a guest gets to itself: <hostdev> of types pci and usb, and <interface> of type
// hostdev.

namespace virtlight::domain {
namespace {

enum class HostdevKind { pci, usb };

constexpr Word<HostdevKind> hostdev_kinds[] = {{"pci", HostdevKind::pci}, {"usb", HostdevKind::usb}};

/// A part of an address or an id, which may be written as 16 or as 0x10. Too large a number is left to the
/// checks of what it is a part of.
unsigned decimal_or_hex(const XmlElement& at, std::string_view attribute, std::optional<unsigned> otherwise) {
    const auto text = at.attribute(attribute);
    if (!text) {
        if (!otherwise) at.invalid("<{}> has no attribute '{}'", at.name(), attribute);
        return otherwise.value_or(0);
    }
    auto digits = trimmed(*text);
    const bool hexadecimal = digits.starts_with("0x");
    if (hexadecimal) digits.remove_prefix(2);
    const auto number = whole_number<unsigned>(digits, hexadecimal ? 16 : 10);
    if (!number)
        at.invalid("attribute '{}' of <{}> must be a number, not '{}'", attribute, at.name(), shown(*text));
    return number.value_or(0);
}

PciAddress read_pci_address(const XmlElement& address) {
    return {.domain = decimal_or_hex(address, "domain", 0),
            .bus = decimal_or_hex(address, "bus", std::nullopt),
            .slot = decimal_or_hex(address, "slot", std::nullopt),
            .function = decimal_or_hex(address, "function", 0)};
}

/// A guest's bus is one, and what it is given has function 0 there.
unsigned read_guest_slot(const XmlElement& address) {
    if (!address) return 0;
    expect_attribute(address, "type", "pci");
    const auto [domain, bus, slot, function] = read_pci_address(address);
    if (domain != 0 || bus != 0 || function != 0 || slot == 0)
        address.unsupported("a guest finds the device on bus 0, in a slot from 1 on, as function 0");
    return slot;
}

PciDevice read_pci(const XmlElement& element) {
    PciDevice device;
    device.managed = attribute_choice<bool>(element, "managed", yes_or_no, false);
    expect_attribute(element.child("driver"), "name", "xen");
    const auto source = element.child("source");
    const auto address = source.child("address");
    if (!address) {
        element.invalid(
            "<{}> has no <source> with an <address>, as in <address bus='0x07' slot='0x10' "
            "function='0x1'/>",
            element.name());
        return device;
    }
    expect_attribute(address, "type", "pci");
    device.address = read_pci_address(address);
    device.permissive = !attribute_choice<bool>(source, "writeFiltering", yes_or_no, true);
    device.guest_slot = read_guest_slot(element.child("address"));
    device.alias = read_alias(element);
    return device;
}

std::optional<UsbId> read_usb_id(const XmlElement& source) {
    const auto vendor = source.child("vendor");
    const auto product = source.child("product");
    if (!vendor && !product) return std::nullopt;
    if (!vendor || !product) {
        source.invalid(
            "a USB device is known by its <vendor> and its <product> together, or by its <address>");
        return std::nullopt;
    }
    return UsbId{decimal_or_hex(vendor, "id", std::nullopt), decimal_or_hex(product, "id", std::nullopt)};
}

UsbDevice read_usb(const XmlElement& element) {
    UsbDevice device;
    device.managed = attribute_choice<bool>(element, "managed", yes_or_no, false);
    const auto source = element.child("source");
    const auto address = source.child("address");
    device.id = read_usb_id(source);
    if (address) {
        device.host_bus = decimal_or_hex(address, "bus", std::nullopt);
        device.host_device = decimal_or_hex(address, "device", std::nullopt);
    } else if (!device.id) {
        element.invalid(
            "<hostdev> has no <source> that names a USB device, as in <address bus='1' device='3'/> or "
            "<vendor id='0x0951'/> with <product id='0x1666'/>");
    }
    device.alias = read_alias(element);
    if (const auto place = element.child("address")) {
        expect_attribute(place, "type", "usb");
        device.controller = decimal_or_hex(place, "bus", 0);
        device.port = decimal_or_hex(place, "port", std::nullopt);
        if (device.port == 0) place.invalid("the ports of a USB controller are counted from 1");
    }
    return device;
}

void add_pci(const XmlElement& element, PciDevice device, Definition& definition) {
    if (const auto good = add_pci_device(definition, std::move(device)); !good)
        element.unsupported("{}", good.error().message);
}

void add_usb(const XmlElement& element, const UsbDevice& device, Definition& definition) {
    if (const auto good = add_usb_device_with_room(definition.usb, device, definition.type); !good)
        element.unsupported("{}", good.error().message);
}

void read_hostdevs(const XmlElement& devices, Definition& definition) {
    std::vector<std::pair<XmlElement, UsbDevice>> without_place;
    for (const auto& element : devices.children("hostdev")) {
        const auto device = read_hostdev(element);
        if (const auto* const pci = std::get_if<PciDevice>(&device)) {
            add_pci(element, *pci, definition);
        } else if (const auto& usb = std::get<UsbDevice>(device); usb.port == 0) {
            without_place.emplace_back(element, usb);
        } else {
            add_usb(element, usb, definition);
        }
    }
    for (const auto& [element, device] : without_place)
        add_usb(element, device, definition);
}

void write_pci_address(XmlWriter& writer, const PciAddress& address, bool with_type) {
    auto element = writer.element("address");
    if (with_type) element.attribute("type", "pci");
    element.attribute("domain", fmt::format("{:#06x}", address.domain))
        .attribute("bus", fmt::format("{:#04x}", address.bus))
        .attribute("slot", fmt::format("{:#04x}", address.slot))
        .attribute("function", fmt::format("{:#x}", address.function));
}

/// What both elements have in common.
void write_places(XmlWriter& writer, const PciDevice& device, Shape shape) {
    {
        auto source = writer.element("source");
        if (device.permissive) source.attribute("writeFiltering", "no");
        write_pci_address(writer, device.address, device.mac.has_value());
    }
    write_alias(writer, device.alias, alias_of(device), shape);
    if (device.guest_slot != 0) write_pci_address(writer, {.slot = device.guest_slot}, true);
}

void write_pci(XmlWriter& writer, const PciDevice& device, Shape shape) {
    auto element = writer.element("hostdev");
    element.attribute("mode", "subsystem")
        .attribute("type", "pci")
        .attribute("managed", word_for<bool>(device.managed, yes_or_no));
    writer.element("driver").attribute("name", "xen");
    write_places(writer, device, shape);
}

void write_usb(XmlWriter& writer, const UsbDevice& device, Shape shape) {
    auto element = writer.element("hostdev");
    element.attribute("mode", "subsystem")
        .attribute("type", "usb")
        .attribute("managed", word_for<bool>(device.managed, yes_or_no));
    {
        const auto source = writer.element("source");
        if (device.id) {
            writer.element("vendor").attribute("id", fmt::format("{:#06x}", device.id->vendor));
            writer.element("product").attribute("id", fmt::format("{:#06x}", device.id->product));
        }
        const bool fixed = device.host_bus != 0 && !device.found;
        if (fixed || (device.found && shape == Shape::running))
            writer.element("address")
                .attribute("bus", device.host_bus)
                .attribute("device", device.host_device);
    }
    write_alias(writer, device.alias, alias_of(device), shape);
    writer.element("address")
        .attribute("type", "usb")
        .attribute("bus", device.controller)
        .attribute("port", device.port);
}

void write_hostdevs(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& device : definition.pci_devices)
        if (!device.mac) write_pci(writer, device, shape);
    for (const auto& device : definition.usb.devices)
        write_usb(writer, device, shape);
}

}  // namespace

HostDevice read_hostdev(const XmlElement& element) {
    expect_attribute(element, "mode", "subsystem");
    if (!element.attribute("type"))
        element.invalid("<hostdev> has no attribute 'type'; allowed here: {}",
                        list_words<HostdevKind>(hostdev_kinds));
    if (attribute_choice(element, "type", hostdev_kinds, HostdevKind::pci) == HostdevKind::usb)
        return read_usb(element);
    return read_pci(element);
}

PciDevice read_network_card(const XmlElement& interface) {
    auto device = read_pci(interface);
    device.mac = read_mac(interface);
    return device;
}

void add_network_card(const XmlElement& interface, Definition& definition) {
    add_pci(interface, read_network_card(interface), definition);
}

void write_network_card(XmlWriter& writer, const PciDevice& device, Shape shape) {
    auto element = writer.element("interface");
    element.attribute("type", "hostdev").attribute("managed", word_for<bool>(device.managed, yes_or_no));
    writer.element("mac").attribute("address", to_string(*device.mac));
    write_places(writer, device, shape);
}

constinit const XmlPart hostdevs_part{read_hostdevs, write_hostdevs};

}  // namespace virtlight::domain
