// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/host_device_use.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "manager/others.hpp"

namespace virtlight::manager {
namespace {

bool is_same(const domain::UsbDevice& one, const domain::UsbDevice& other) {
    return same_device(one, other);
}

bool is_same(const domain::PciDevice& one, const domain::PciDevice& other) {
    return one.address == other.address;
}

/// The first of `wanted` that is among `used`, or null.
template <class One>
const One* first_used(const std::vector<One>& wanted, const std::vector<One>& used) {
    for (const auto& one : wanted)
        for (const auto& other : used)
            if (is_same(one, other)) return &one;
    return nullptr;
}

}  // namespace

Result<> check_host_devices_are_free(const Registry& registry, const domain::Definition& definition) {
    if (definition.pci_devices.empty() && definition.usb.devices.empty()) return {};
    const auto refusal = [&](const Domain& other, const domain::Definition& has) -> Result<> {
        if (const auto* const device = first_used(definition.pci_devices, has.pci_devices))
            return fail(Reason::operation_failed, "PCI device {} is in use by domain '{}'",
                        to_string(device->address), other.name);
        if (const auto* const device = first_used(definition.usb.devices, has.usb.devices))
            return fail(Reason::operation_failed, "USB device {} is in use by domain '{}'",
                        to_string(*device), other.name);
        return {};
    };
    return check_others(registry, definition.uuid, refusal);
}

async::Task<Result<domain::Usb>> find_usb_devices(Core& core, domain::Usb wanted) {
    const bool any =
        std::ranges::any_of(wanted.devices, [](const auto& device) { return device.id.has_value(); });
    if (!any) co_return wanted;
    const auto there = co_await core.hypervisor.usb_devices();
    if (!there) co_return std::unexpected(there.error());
    co_return hypervisor::find_usb_devices(std::move(wanted), *there);
}

async::Task<> give_back(Core& core, domain::PciDevice device, hypervisor::Operation operation) {
    if (!device.managed) co_return;
    const auto given = co_await core.hypervisor.set_assignable(device.address, false, operation);
    if (!given) log::warning("{}", given.error().message);
}

}  // namespace virtlight::manager
