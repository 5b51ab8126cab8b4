// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/host_device_use.hpp"
#include "manager/manager_impl.hpp"

/// The devices of the host, for those who hand them to guests.
namespace virtlight::manager {

using async::Task;
using domain::PciAddress;
using hypervisor::HostPciDevice;

namespace {

/// Whether no guest that runs, or is being started, has it.
Result<> check_unused(const Registry& registry, const PciAddress& address) {
    return check_host_devices_are_free(registry, {.pci_devices = {{.address = address}}});
}

}  // namespace

Task<Result<std::vector<HostPciDevice>>> Manager::pci_devices() {
    return impl_->core.hypervisor.pci_devices();
}

Task<Result<std::vector<hypervisor::HostDevice>>> Manager::host_devices() {
    return impl_->core.hypervisor.host_devices();
}

Task<Result<>> Manager::set_assignable(PciAddress address, bool assignable) {
    if (auto unused = check_unused(impl_->core.registry, address); !unused) co_return unused;
    co_return co_await impl_->core.hypervisor.set_assignable(address, assignable, {});
}

Task<Result<>> Manager::reset_pci(PciAddress address) {
    if (auto unused = check_unused(impl_->core.registry, address); !unused) co_return unused;
    co_return co_await impl_->core.hypervisor.reset_pci(address, {});
}

}  // namespace virtlight::manager
