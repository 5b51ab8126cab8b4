// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/host_device_use.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
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

Result<> check_host_devices_are_free(const Core& core, const domain::Definition& definition) {
    if (definition.pci_devices.empty() && definition.usb.devices.empty()) return {};
    for (const auto& device : definition.pci_devices)
        if (core.pci_changing.contains(device.address) || core.hypervisor.may_still_change(device.address))
            return fail(Reason::operation_failed,
                        "PCI device {} is being reset, or taken from its driver or given back to it",
                        to_string(device.address));
    const auto refusal = [&](const Domain& other, const domain::Definition& has) -> Result<> {
        if (const auto* const device = first_used(definition.pci_devices, has.pci_devices))
            return fail(Reason::operation_failed, "PCI device {} is in use by domain '{}'",
                        to_string(device->address), other.name);
        if (const auto* const device = first_used(definition.usb.devices, has.usb.devices))
            return fail(Reason::operation_failed, "USB device {} is in use by domain '{}'",
                        to_string(*device), other.name);
        return {};
    };
    return check_others(core.registry, definition.uuid, refusal);
}

ChangingPci::ChangingPci(Core& core, domain::PciAddress address) : core_(core), address_(address) {
    core_.pci_changing.insert(address_);
}

ChangingPci::~ChangingPci() {
    core_.pci_changing.erase(address_);
}

async::Task<Result<domain::Usb>> find_usb_devices(Core& core, domain::Usb wanted) {
    const bool any =
        std::ranges::any_of(wanted.devices, [](const auto& device) { return device.id.has_value(); });
    if (!any) co_return wanted;
    const auto there = co_await core.hypervisor.usb_devices();
    if (!there) co_return std::unexpected(there.error());
    co_return hypervisor::find_usb_devices(std::move(wanted), *there);
}

async::Task<> give_back(Core& core, Uuid of, domain::PciDevice device, hypervisor::Operation operation) {
    if (!device.managed) co_return;
    const auto free = check_host_devices_are_free(core, {.uuid = of, .pci_devices = {device}});
    if (!free) co_return log::notice("it is not given back to its driver: {}", free.error().message);
    const ChangingPci changing(core, device.address);
    const auto given = co_await core.hypervisor.set_assignable(device.address, false, operation);
    if (!given) log::warning("{}", given.error().message);
}

Lent lent_to(const Domain& domain) {
    Lent lent;
    if (!domain.life) return lent;
    if (domain.life->ours) lent.had = domain.life->definition.pci_devices;
    for (const auto& address : domain.life->pci_taken)
        lent.perhaps.push_back({.address = address, .managed = true});
    return lent;
}

async::Task<> give_back_unused(Core& core, Uuid of, std::vector<domain::PciDevice> devices) {
    std::erase_if(devices, [](const auto& device) { return !device.managed; });
    if (devices.empty()) co_return;
    const auto there = co_await core.hypervisor.pci_devices();
    if (!there) co_return log::warning("PCI devices are not given back: {}", there.error().message);
    const Bounded bounded(core, limits::destroy_deadline);
    for (const auto& device : devices) {
        const auto its = std::ranges::find(*there, device.address, &hypervisor::HostPciDevice::address);
        if (its != there->end() && its->assignable) co_await give_back(core, of, device, bounded.operation());
    }
}

}  // namespace virtlight::manager
