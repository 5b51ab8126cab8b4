// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "hypervisor/host_facts.hpp"
#include "xenlight/context.hpp"

namespace virtlight::xenlight {

/// Where each processor is, and the NUMA nodes: fills `topology`, `numa` and what follows from them.
Result<> read_topology(Context& context, hypervisor::HostFacts& facts);

/// The free memory of each NUMA node, and what Xen has counted of each processor. A few hypercalls.
Result<hypervisor::HostFigures> measure_host(Context& context);

}  // namespace virtlight::xenlight
