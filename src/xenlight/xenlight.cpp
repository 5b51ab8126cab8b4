// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xenlight.hpp"

#include "xenlight/host.hpp"
#include "xenlight/xen_hypervisor.hpp"

namespace virtlight::xenlight {

std::optional<std::string> missing_on_this_machine() {
    return missing_for_dom0();
}

Result<std::unique_ptr<hypervisor::Hypervisor>> open(async::FdScheduler& core, Autoballoon autoballoon) {
    if (const auto missing = missing_for_dom0())
        return fail(Reason::operation_failed, "no Xen here: {}", *missing);
    return XenHypervisor::open(core, autoballoon);
}

}  // namespace virtlight::xenlight
