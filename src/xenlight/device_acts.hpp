// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "domain/device.hpp"
#include "xenlight/operations.hpp"
#include "xenlight/xenstore.hpp"

/// What libxl has for each kind of device of a guest that runs.
namespace virtlight::xenlight {

/// Whether xenstore has the device of this domain. One round trip, of a PCI device one for each of the
/// guest's.
bool is_there(Xenstore& xenstore, hypervisor::DomId domid, const domain::Device& device);

/// Gives it to the guest. `regions` is how the regions are kept free that a PCI device reserves.
Operations::Start start_adding(hypervisor::DomId domid, const domain::Device& device,
                               libxl_rdm_reserve_policy regions = LIBXL_RDM_RESERVE_POLICY_INVALID);
/// Asks the guest to let go of it. A disk that it keeps stays; other devices are taken in the end.
Operations::Start start_removing(hypervisor::DomId domid, const domain::Device& device);
/// Takes it away without asking.
Operations::Start start_destroying(hypervisor::DomId domid, const domain::Device& device);

/// Changes what is in a drive.
Operations::Start start_changing_medium(hypervisor::DomId domid, const domain::Disk& disk);

/// Whether the guest's device model may see a drive that it has not made on Xen's bus yet, as there was no
/// medium. It tries anew with each change in xenstore; and of the moment in which libxl, in the midst of a
/// change of the medium, has none there it dies (xen_block_drive_create of QEMU 7.2). A drive that it has
/// made is left as it is.
Result<> show_unmade_drive(Xenstore& xenstore, hypervisor::DomId domid, const domain::Disk& disk, bool shown);

/// Tells the backend of a vif how much its guest may send from now on. no_device: there is none.
Result<> write_rate(Xenstore& xenstore, hypervisor::DomId domid, const domain::Nic& nic);

/// Makes of network interfaces, as libxl has written them down, what has become of them since: how much they
/// may send, and whether their links are down. Two round trips each.
void look_at_nics(Xenstore& xenstore, hypervisor::DomId domid, std::vector<domain::Nic>& nics);

}  // namespace virtlight::xenlight
