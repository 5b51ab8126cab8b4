// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/text.hpp"
#include "domain/xml_writer.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

// The host's devices: those on its PCI buses, which are what guests can be given.

namespace virtlight::libvirt::calls {

using async::Task;
using domain::PciAddress;
using hypervisor::HostPciDevice;

namespace {

constexpr std::string_view prefix = "pci_";
constexpr std::string_view pci_capability = "pci";

/// "pci_0000_07_00_0"
std::string name_of(const PciAddress& address) {
    auto name = std::string(prefix) + to_string(address);
    std::ranges::replace_if(name, [](char c) { return c == ':' || c == '.'; }, '_');
    return name;
}

Result<PciAddress> address_of(std::string_view name) {
    auto text = std::string(name.substr(std::min(prefix.size(), name.size())));
    std::ranges::replace(text, '_', ':');
    if (const auto last = text.rfind(':'); last != std::string::npos) text[last] = '.';
    const auto address = domain::parse_pci_address(text);
    if (address && name_of(*address) == name) return *address;
    return fail(Reason::no_node_device, "no node device with matching name '{}'", domain::shown(name));
}

Task<Result<HostPciDevice>> find(Manager& manager, std::string name) {
    const auto address = address_of(name);
    if (!address) co_return std::unexpected(address.error());
    const auto devices = co_await manager.pci_devices();
    if (!devices) co_return std::unexpected(devices.error());
    const auto found = std::ranges::find(*devices, *address, &HostPciDevice::address);
    if (found == devices->end())
        co_return fail(Reason::no_node_device, "no node device with matching name '{}'", name);
    co_return *found;
}

Task<Result<std::vector<std::string>>> names(Manager& manager, bool wanted) {
    std::vector<std::string> all;
    if (!wanted) co_return all;
    const auto devices = co_await manager.pci_devices();
    if (!devices) co_return std::unexpected(devices.error());
    for (const auto& device : *devices)
        all.push_back(name_of(device.address));
    co_return all;
}

bool is_pci(const std::optional<std::string>& capability) {
    return !capability || *capability == pci_capability;
}

std::string described(const HostPciDevice& device) {
    domain::XmlWriter writer;
    {
        const auto root = writer.element("device");
        writer.element("name").text(name_of(device.address));
        if (!device.driver.empty()) {
            const auto driver = writer.element("driver");
            writer.element("name").text(device.driver);
        }
        auto capability = writer.element("capability");
        capability.attribute("type", pci_capability);
        writer.element("class").text(fmt::format("{:#08x}", device.class_code));
        writer.element("domain").text(device.address.domain);
        writer.element("bus").text(device.address.bus);
        writer.element("slot").text(device.address.slot);
        writer.element("function").text(device.address.function);
        writer.element("product").attribute("id", fmt::format("{:#06x}", device.product));
        writer.element("vendor").attribute("id", fmt::format("{:#06x}", device.vendor));
    }
    return std::move(writer).take();
}

}  // namespace

Task<Result<std::int32_t>> count_node_devices(Manager& manager, DeviceNumArgs args) {
    const auto all = co_await names(manager, is_pci(args.capability));
    co_return transform(all, [](const auto& each) { return static_cast<std::int32_t>(each.size()); });
}

Task<Result<std::vector<std::string>>> list_node_devices(Manager& manager, DeviceNamesArgs args) {
    auto all = co_await names(manager, is_pci(args.capability));
    if (all) all->resize(std::min(all->size(), static_cast<std::size_t>(std::max(args.max, 0))));
    co_return all;
}

/// All of them are there, and none was defined.
Task<Result<NodeDeviceList>> list_all_node_devices(Manager& manager, ListAllArgs args) {
    const auto kinds = args.flags & ~(flag::node_device::inactive | flag::node_device::active);
    const bool wanted = (kinds == 0 || (kinds & flag::node_device::pci) != 0) &&
                        (args.flags & (flag::node_device::inactive | flag::node_device::active)) !=
                            flag::node_device::inactive;
    auto all = co_await names(manager, wanted);
    if (!all) co_return std::unexpected(all.error());
    NodeDeviceList list{.count = static_cast<std::uint32_t>(all->size())};
    if (args.need_results != 0) list.names = *std::move(all);
    co_return list;
}

Task<Result<std::string>> find_node_device(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    co_return transform(device, [](const auto& found) { return name_of(found.address); });
}

Task<Result<std::string>> node_device_xml(Manager& manager, TextFlags args) {
    const auto device = co_await find(manager, std::move(args.text));
    co_return transform(device, [](const auto& found) { return described(found); });
}

/// What they hang on is not told.
Task<Result<std::optional<std::string>>> node_device_parent(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    co_return transform(device, [](const auto&) { return std::optional<std::string>(); });
}

Task<Result<std::int32_t>> count_node_device_caps(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    co_return transform(device, [](const auto&) { return 1; });
}

Task<Result<std::vector<std::string>>> list_node_device_caps(Manager& manager, NodeDeviceCapsArgs args) {
    const auto device = co_await find(manager, std::move(args.name));
    co_return transform(device, [&](const auto&) {
        return std::vector<std::string>(args.max > 0 ? 1 : 0, std::string(pci_capability));
    });
}

Task<Result<>> detach_node_device(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.set_assignable(device->address, true);
}

Task<Result<>> detach_node_device_flags(Manager& manager, NodeDeviceDetachArgs args) {
    if (args.driver && *args.driver != "xen")
        co_return fail(Reason::unsupported_argument, "unsupported driver name '{}'; allowed here: xen",
                       domain::shown(*args.driver));
    co_return co_await detach_node_device(manager, std::move(args.name));
}

Task<Result<>> reattach_node_device(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.set_assignable(device->address, false);
}

Task<Result<>> reset_node_device(Manager& manager, std::string name) {
    const auto device = co_await find(manager, std::move(name));
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.reset_pci(device->address);
}

}  // namespace virtlight::libvirt::calls
