// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "hypervisor/host_facts.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// What the processors can, by the bits that Xen tells of them, and who made them, as they tell themselves.
hypervisor::CpuModel read_cpu_model(const libxl_hwcap& capabilities);

}  // namespace virtlight::xenlight
