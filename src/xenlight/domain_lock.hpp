// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "xenlight/context.hpp"

namespace virtlight::xenlight {

/// Whether somebody holds the lock under which libxl changes what it keeps of a domain: an operation of ours
/// or another tool's. Who needs it waits without end, inside libxl and with the thread in hand; and libxl
/// opens disks while it holds it, which may be on storage that does not answer. no_domain.
Result<bool> is_domain_locked(Context& context, hypervisor::DomId domid);

}  // namespace virtlight::xenlight
