// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/registry.hpp"

namespace virtlight::manager {

/// Whether no other guest that runs, or is being started or given a device, has a PCI or USB device of the
/// host that this one is to have. operation_failed: names the device and the other domain. O(domains).
Result<> check_host_devices_are_free(const Registry& registry, const domain::Definition& definition);

/// As hypervisor::find_usb_devices(), on the host as it is now.
async::Task<Result<domain::Usb>> find_usb_devices(Core& core, domain::Usb wanted);

/// Gives a device that a guest had, if it is a managed one, back to its driver in dom0. A failure is logged:
/// it stays ready for guests then.
async::Task<> give_back(Core& core, domain::PciDevice device, hypervisor::Operation operation);

}  // namespace virtlight::manager
