// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/pci.hpp"

#include <algorithm>
#include <charconv>

#include "base/limits.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {
namespace {

constexpr unsigned domain_most = 0xffff;
constexpr unsigned bus_most = 0xff;
constexpr unsigned slot_most = 31;
constexpr unsigned function_most = 7;

/// Takes a hexadecimal number off the front, and the character behind it unless that is 0.
std::optional<unsigned> take_number(std::string_view& text, char end, unsigned most) {
    unsigned number = 0;
    const auto [behind, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc{} || number > most) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(behind - text.data()));
    if (end == 0) return text.empty() ? std::optional(number) : std::nullopt;
    if (!text.starts_with(end)) return std::nullopt;
    text.remove_prefix(1);
    return number;
}

}  // namespace

std::string to_string(const PciAddress& address) {
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", address.domain, address.bus, address.slot,
                       address.function);
}

std::optional<PciAddress> parse_pci_address(std::string_view text) {
    const bool has_domain = text.find(':') != text.rfind(':');
    const auto domain = has_domain ? take_number(text, ':', domain_most) : 0U;
    const auto bus = domain ? take_number(text, ':', bus_most) : std::nullopt;
    const auto slot = bus ? take_number(text, '.', slot_most) : std::nullopt;
    const auto function = slot ? take_number(text, 0, function_most) : std::nullopt;
    if (!function) return std::nullopt;
    return PciAddress{*domain, *bus, *slot, *function};
}

Result<> check_pci(const PciDevice& device, GuestType type) {
    const auto& [domain, bus, slot, function] = device.address;
    if (domain > domain_most || bus > bus_most || slot > slot_most || function > function_most)
        return fail(
            Reason::unsupported_config,
            "{} is the address of no PCI device: a domain goes up to {:#x}, a bus to {:#x}, a slot to "
            "{}, a function to {}",
            to_string(device.address), domain_most, bus_most, slot_most, function_most);
    if (type == GuestType::pvh)
        return fail(Reason::unsupported_config,
                    "PCI device {}: Xen hands PCI devices to PV and HVM guests, and not to PVH ones",
                    to_string(device.address));
    if (device.mac && device.permissive)
        return fail(Reason::unsupported_config,
                    "PCI device {}: writeFiltering='no' has no place in an <interface>; make it a <hostdev>",
                    to_string(device.address));
    if (device.guest_slot != 0 && type != GuestType::hvm)
        return fail(Reason::unsupported_config,
                    "PCI device {}: where the guest finds it can be said of an HVM guest only",
                    to_string(device.address));
    if (device.guest_slot > slot_most)
        return fail(Reason::unsupported_config, "PCI device {}: the guest's slot is from 1 to {}, not {}",
                    to_string(device.address), slot_most, device.guest_slot);
    if (device.mac && (device.mac->is_multicast() || device.mac->is_nil()))
        return fail(Reason::unsupported_config, "PCI device {}: expected unicast mac address, found '{}'",
                    to_string(device.address), to_string(*device.mac));
    return {};
}

Result<> check_beside(const PciDevice& device, const std::vector<PciDevice>& others) {
    if (others.size() >= limits::pci_devices)
        return fail(Reason::invalid_argument, "a guest can have {} PCI devices", limits::pci_devices);
    for (const auto& other : others) {
        if (other.address == device.address)
            return fail(Reason::invalid_argument, "the guest has PCI device {} already",
                        to_string(device.address));
        if (device.guest_slot != 0 && other.guest_slot == device.guest_slot)
            return fail(Reason::invalid_argument, "the guest's slot {} is that of its PCI device {} already",
                        device.guest_slot, to_string(other.address));
        if (device.mac && other.mac == device.mac)
            return fail(Reason::invalid_argument, "the MAC address {} is that of PCI device {} already",
                        to_string(*device.mac), to_string(other.address));
    }
    return {};
}

Result<> add_pci_device(Definition& definition, PciDevice device) {
    auto& devices = definition.pci_devices;
    if (auto good = check_pci(device, definition.type); !good) return good;
    if (auto good = check_beside(device, devices); !good) return good;
    if (device.mac && std::ranges::find(definition.nics, *device.mac, &Nic::mac) != definition.nics.end())
        return fail(Reason::invalid_argument, "another network interface of the guest has the MAC address {}",
                    to_string(*device.mac));
    const auto behind_interfaces =
        std::ranges::find_if(devices, [](const PciDevice& other) { return !other.mac; });
    devices.insert(device.mac ? behind_interfaces : devices.end(), std::move(device));
    return {};
}

std::string alias_of(const PciDevice& device) {
    const auto& [domain, bus, slot, function] = device.address;
    return fmt::format("pci-{:04x}-{:02x}-{:02x}-{:x}", domain, bus, slot, function);
}

}  // namespace virtlight::domain
