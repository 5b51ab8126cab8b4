// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

void write_cpu_tuning(const domain::Definition& definition, libxl_domain_build_info& info);
domain::CpuTuning read_cpu_tuning(const libxl_domain_build_info& info);

/// The set in memory of malloc's, as libxl allocates it; `map` is empty.
void copy_cpus(const domain::CpuSet& cpus, libxl_bitmap& map);
/// The set as libxl has it; `map` is empty. ERROR_NOMEM.
int write_cpus(libxl_ctx* ctx, const domain::CpuSet& cpus, libxl_bitmap& map);
domain::CpuSet read_cpus(const libxl_bitmap& map);

}  // namespace virtlight::xenlight
