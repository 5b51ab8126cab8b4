// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <span>

#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/domain_seen.hpp"

/// The links of a guest's network interfaces, of which libxl knows nothing. Where one is down, its interface
/// in Domain-0 is: a vif that is not up moves no packet of its guest's, and neither does the one by which the
/// device model emulates a card. An emulated card tells its guest, too; Xen's own has no way to.
namespace virtlight::xenlight {

/// Whether Domain-0 has the interface, and has it down.
bool is_link_down(const domain::Nic& nic, hypervisor::DomId domid);

/// Makes the links of these what they are to be: all or none. One that is so is left alone. The scripts that
/// connect them have run. no_device: Domain-0 has no such interface; unsupported_operation: its emulated twin
/// is somewhere else; operation_failed, timed_out: what the device model has against it. `folder` is where
/// its socket is. Blocks, for limits::qmp_answer at most.
Result<> set_links(hypervisor::DomId domid, domain::GuestType type, std::span<const domain::Nic> nics,
                   const std::filesystem::path& folder = "/var/run/xen");

}  // namespace virtlight::xenlight
