// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "base/result.hpp"
#include "hypervisor/figures.hpp"
#include "xenlight/context.hpp"

namespace virtlight::xenlight {

/// As hypervisor::Hypervisor::measure(). One list of all domains; two calls of Xen for each vCPU, one file
/// for all network interfaces, five for each disk, where these are wanted.
Result<std::vector<hypervisor::DomainFigures>> measure(Context& context,
                                                       const hypervisor::FiguresWanted& wanted);

}  // namespace virtlight::xenlight
