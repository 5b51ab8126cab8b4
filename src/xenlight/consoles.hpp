// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context.hpp"

namespace virtlight::xenlight {

/// Fills in the ttys of a running domain's consoles; one that has none (yet) stays empty.
void find_ttys(Context& context, hypervisor::DomId domid, std::vector<domain::Console>& consoles);

}  // namespace virtlight::xenlight
