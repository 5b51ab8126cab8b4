// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/host_devices.hpp"
#include "xenlight/xen_hypervisor.hpp"

/// The devices of the host, those of PCI and USB among them.
namespace virtlight::xenlight {

using async::Task;
using domain::PciAddress;
using hypervisor::HostPciDevice;
using hypervisor::HostUsbDevice;
using hypervisor::Operation;

/// A disk that does not answer with their names is waited for, and then they have none.
Task<Result<std::vector<HostPciDevice>>> XenHypervisor::pci_devices() {
    using Devices = Result<std::vector<HostPciDevice>>;
    auto devices =
        co_await looks_.look("/sys/bus/pci", [] { return Devices(hypervisor::read_pci_devices()); });
    if (!devices) co_return devices;
    auto named = co_await looks_.look("/usr/share", [names = pci_names_, devices = *devices]() mutable {
        names->name(devices);
        return Devices(std::move(devices));
    });
    co_return named ? std::move(named) : std::move(devices);
}

Task<Result<std::vector<HostUsbDevice>>> XenHypervisor::usb_devices() {
    return looks_.look("/sys/bus/usb",
                       [] { return Result<std::vector<HostUsbDevice>>(hypervisor::read_usb_devices()); });
}

Task<Result<std::vector<hypervisor::HostDevice>>> XenHypervisor::host_devices() {
    return looks_.look("/sys/devices", [] {
        return Result<std::vector<hypervisor::HostDevice>>(hypervisor::read_host_devices());
    });
}

void XenHypervisor::on_host_devices(std::function<void()> again) {
    device_news_.on_news(std::move(again));
}

bool XenHypervisor::may_still_change(const PciAddress& address) const {
    return pci_changes_.may_still_change(address) || builds_.may_still_take(address);
}

/// libxl waits in this call for the drivers, so that it is one for a context that may be busy. One that does
/// not let go of its device is not waited for any longer, and goes on.
Task<Result<>> XenHypervisor::set_assignable(PciAddress address, bool assignable, Operation operation) {
    const auto what = fmt::format("{} PCI device {}", assignable ? "take from its driver" : "give back",
                                  to_string(address));
    const auto worker = co_await borrow(workers_, what, operation);
    if (!worker) co_return std::unexpected(worker.error());
    const auto change = pci_changes_.begin(address);
    auto set = co_await call(*worker, [change, address, assignable, what](Context& context) -> Result<> {
        return context.attempt(what, std::nullopt, [&](libxl_ctx* ctx) {
            LibxlPci device;
            write_pci({.address = address}, *device);
            constexpr int with_its_driver = 1;
            return assignable ? libxl_device_pci_assignable_add(ctx, device.get(), with_its_driver)
                              : libxl_device_pci_assignable_remove(ctx, device.get(), with_its_driver);
        });
    });
    if (set || set.error().reason != Reason::timed_out) co_return set;
    change->given_up = true;
    co_return std::unexpected(in_context(what, std::move(set.error())));
}

/// The kernel waits for the device.
Task<Result<>> XenHypervisor::reset_pci(PciAddress address, Operation operation) {
    const auto change = pci_changes_.begin(address);
    const auto resetting =
        movers().begin([change, address] { return hypervisor::reset_pci_device(address); });
    auto reset = co_await movers().answer(resetting, limits::pci_reset, operation.cancel);
    change->given_up =
        !reset && (reset.error().reason == Reason::timed_out || reset.error().reason == Reason::cancelled);
    if (!reset && reset.error().reason == Reason::timed_out)
        reset.error().message =
            fmt::format("cannot reset PCI device {}: the kernel has not ended within {} s",
                        to_string(address), limits::pci_reset.count());
    co_return reset;
}

}  // namespace virtlight::xenlight
