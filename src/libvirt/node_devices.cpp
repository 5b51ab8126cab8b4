// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/text.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/node_device.hpp"
#include "libvirt/node_device_watch.hpp"

// The host's devices. Those on its PCI buses can be given to guests.

namespace virtlight::libvirt::calls {

using async::Task;
using hypervisor::HostPciDevice;

namespace {

/// One of the host's devices, and what it hangs on; empty: nothing.
struct Found {
    NodeDevice device;
    std::string parent;
};

Task<Result<Found>> find(Manager& manager, std::string name) {
    const auto all = co_await all_node_devices(manager);
    if (!all) co_return std::unexpected(all.error());
    const auto found = std::ranges::find(*all, name, &NodeDevice::name);
    if (found == all->end())
        co_return fail(Reason::no_node_device, "no node device with matching name '{}'", domain::shown(name));
    co_return Found{*found, parent_of(*found, *all)};
}

Task<Result<HostPciDevice>> find_pci(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    if (!found) co_return std::unexpected(found.error());
    if (const auto* const pci = std::get_if<HostPciDevice>(&found->device.what)) co_return *pci;
    co_return fail(Reason::invalid_argument, "Device {} is not a PCI device", found->device.name);
}

/// Those of one kind, or all.
Task<Result<std::vector<std::string>>> names_of(Manager& manager, std::optional<std::string> capability) {
    const auto all = co_await all_node_devices(manager);
    if (!all) co_return std::unexpected(all.error());
    std::vector<std::string> names;
    for (const auto& device : *all)
        if (!capability || capability_of(device) == *capability) names.push_back(device.name);
    co_return names;
}

}  // namespace

Task<Result<std::int32_t>> count_node_devices(Manager& manager, DeviceNumArgs args) {
    const auto all = co_await names_of(manager, std::move(args.capability));
    co_return transform(all, [](const auto& each) { return static_cast<std::int32_t>(each.size()); });
}

Task<Result<std::vector<std::string>>> list_node_devices(Manager& manager, DeviceNamesArgs args) {
    auto all = co_await names_of(manager, std::move(args.capability));
    if (all) keep_first(*all, args.max);
    co_return all;
}

/// All of them are there, and none was defined.
Task<Result<NodeDeviceList>> list_all_node_devices(Manager& manager, ListAllArgs args) {
    constexpr auto states = flag::node_device::inactive | flag::node_device::active;
    const auto kinds = args.flags & ~states;
    NodeDeviceList list;
    if ((args.flags & states) == flag::node_device::inactive) co_return list;
    const auto all = co_await all_node_devices(manager);
    if (!all) co_return std::unexpected(all.error());
    for (const auto& device : *all)
        if (kinds == 0 || (kinds & capability_flag(device)) != 0) list.names.push_back(device.name);
    list.count = static_cast<std::uint32_t>(list.names.size());
    if (args.need_results == 0) list.names.clear();
    co_return list;
}

Task<Result<std::string>> find_node_device(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    co_return transform(found, [](const Found& its) { return its.device.name; });
}

Task<Result<std::string>> node_device_xml(Manager& manager, TextFlags args) {
    const auto found = co_await find(manager, std::move(args.text));
    co_return transform(found,
                        [](const Found& its) { return libvirt::node_device_xml(its.device, its.parent); });
}

Task<Result<std::optional<std::string>>> node_device_parent(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    co_return transform(found, [](const Found& its) {
        return its.parent.empty() ? std::optional<std::string>() : std::optional(its.parent);
    });
}

Task<Result<std::int32_t>> count_node_device_caps(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    co_return transform(found, [](const Found&) { return 1; });
}

Task<Result<std::vector<std::string>>> list_node_device_caps(Manager& manager, NodeDeviceCapsArgs args) {
    const auto found = co_await find(manager, std::move(args.name));
    co_return transform(found, [&](const Found& its) {
        return std::vector<std::string>(args.max > 0 ? 1 : 0, std::string(capability_of(its.device)));
    });
}

/// One that is found is there.
Task<Result<bool>> is_node_device_active(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    co_return transform(found, [](const Found&) { return true; });
}

/// Whether it is there again for certain: of the host itself that is known, as libvirt has it.
Task<Result<bool>> is_node_device_of_each_boot(Manager& manager, std::string name) {
    const auto found = co_await find(manager, std::move(name));
    co_return transform(found,
                        [](const Found& its) { return std::holds_alternative<HostItself>(its.device.what); });
}

Task<Result<>> detach_node_device(Manager& manager, std::string name) {
    const auto device = co_await find_pci(manager, std::move(name));
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
    const auto device = co_await find_pci(manager, std::move(name));
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.set_assignable(device->address, false);
}

Task<Result<>> reset_node_device(Manager& manager, std::string name) {
    const auto device = co_await find_pci(manager, std::move(name));
    if (!device) co_return std::unexpected(device.error());
    co_return co_await manager.reset_pci(device->address);
}

}  // namespace virtlight::libvirt::calls
