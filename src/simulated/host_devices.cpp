// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/attempt.hpp"
#include "simulated/simulated.hpp"

/// The devices of the host, those of PCI and USB among them.
namespace virtlight::simulated {

using async::Task;
using domain::PciAddress;
using hypervisor::HostPciDevice;
using hypervisor::HostUsbDevice;
using hypervisor::Operation;

Task<Result<std::vector<HostPciDevice>>> Simulated::pci_devices() {
    auto attempt = begin(OperationKind::pci, "list the PCI devices");
    auto devices = machine_.pci_devices();
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return devices;
}

Task<Result<std::vector<HostUsbDevice>>> Simulated::usb_devices() {
    auto attempt = begin(OperationKind::pci, "list the USB devices");
    std::vector<HostUsbDevice> devices;
    for (const auto& device : machine_.settings().host_devices)
        if (const auto* const usb = std::get_if<HostUsbDevice>(&device.what)) devices.push_back(*usb);
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed)
        co_return std::unexpected(std::move(passed).error());
    co_return devices;
}

Task<Result<std::vector<hypervisor::HostDevice>>> Simulated::host_devices() {
    return command(
        OperationKind::host_devices, "list the devices of the host", 0, {},
        [this]() -> Result<std::vector<hypervisor::HostDevice>> { return machine_.host_devices(); });
}

/// In a step of its own.
void Simulated::tell_of_host_devices() {
    if (!host_devices_again_) return;
    scheduler_.post([weak = std::weak_ptr(self_)] {
        const auto self = weak.lock();
        if (self && (*self)->host_devices_again_) (*self)->host_devices_again_();
    });
}

Task<Result<>> Simulated::set_assignable(PciAddress address, bool assignable, Operation operation) {
    auto attempt = begin(OperationKind::pci,
                         fmt::format("{} PCI device {}", assignable ? "take from its driver" : "give back",
                                     to_string(address)),
                         operation.cancel);
    if (auto passed = co_await pass(attempt, machine_.settings().times.command, 0); !passed) co_return passed;
    auto set = machine_.set_assignable(address, assignable);
    tell_of_host_devices();
    co_return set;
}

Task<Result<>> Simulated::reset_pci(PciAddress address, Operation operation) {
    return command(OperationKind::pci, fmt::format("reset PCI device {}", to_string(address)), 0,
                   operation.cancel, [this, address] { return machine_.check_pci_device(address); });
}

}  // namespace virtlight::simulated
