// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// Whether no other guest that runs, or is being started or given a device, has a PCI or USB device of the
/// host that this one is to have, and nothing is being done to it. operation_failed: names the device and the
/// other domain. O(domains).
Result<> check_host_devices_are_free(const Core& core, const domain::Definition& definition);

/// As hypervisor::find_usb_devices(), on the host as it is now.
async::Task<Result<domain::Usb>> find_usb_devices(Core& core, domain::Usb wanted);

/// Something is done to a PCI device of the host: no guest gets it meanwhile. It must be free.
class ChangingPci {
 public:
    ChangingPci(Core& core, domain::PciAddress address);
    ChangingPci(const ChangingPci&) = delete;
    ChangingPci& operator=(const ChangingPci&) = delete;
    ~ChangingPci();

 private:
    Core& core_;
    domain::PciAddress address_;
};

/// Gives a device that this domain's guest had, if it is a managed one, back to its driver in dom0, unless
/// another guest has got it since. A failure is logged: it stays ready for guests then.
async::Task<> give_back(Core& core, Uuid of, domain::PciDevice device, hypervisor::Operation operation);

/// The same, in an operation of its own, of devices that its guest was to get and has not got: of those that
/// are Xen's by now.
async::Task<> give_back_unused(Core& core, Uuid of, std::vector<domain::PciDevice> devices);

/// The PCI devices of the host that go back when a guest is gone.
struct Lent {
    std::vector<domain::PciDevice> had{};
    std::vector<domain::PciDevice> perhaps{};  ///< were taken for it, if they are Xen's
};

/// What the guest of this domain has of the host, unless another tool has given it that.
Lent lent_to(const Domain& domain);

}  // namespace virtlight::manager
