// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/limits.hpp"
#include "manager/host_device_use.hpp"
#include "manager/manager_impl.hpp"

/// The devices of the host, for those who hand them to guests.
namespace virtlight::manager {

using async::Task;
using domain::PciAddress;
using hypervisor::HostPciDevice;

namespace {

/// Whether no guest that runs, or is being started, has it, and nobody else does anything to it.
Result<> check_unused(const Core& core, const PciAddress& address) {
    return check_host_devices_are_free(core, {.pci_devices = {{.address = address}}});
}

}  // namespace

Task<Result<std::vector<HostPciDevice>>> Manager::pci_devices() {
    return impl_->core.hypervisor.pci_devices();
}

Task<Result<std::vector<hypervisor::HostDevice>>> Manager::host_devices() {
    return impl_->core.hypervisor.host_devices();
}

void Manager::on_host_devices(std::function<void()> again) {
    impl_->core.hypervisor.on_host_devices(std::move(again));
}

Task<Result<>> Manager::set_assignable(PciAddress address, bool assignable) {
    auto& core = impl_->core;
    if (auto unused = check_unused(core, address); !unused) co_return unused;
    const ChangingPci changing(core, address);
    const Bounded bounded(core, limits::device_deadline);
    co_return co_await core.hypervisor.set_assignable(address, assignable, bounded.operation());
}

Task<Result<>> Manager::reset_pci(PciAddress address) {
    auto& core = impl_->core;
    if (auto unused = check_unused(core, address); !unused) co_return unused;
    const ChangingPci changing(core, address);
    const Bounded bounded(core, limits::device_deadline);
    co_return co_await core.hypervisor.reset_pci(address, bounded.operation());
}

}  // namespace virtlight::manager
