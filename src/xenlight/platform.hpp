// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// What Xen makes of a guest's machine, in libxl's words and back.
namespace virtlight::xenlight {

/// `config` is fresh but for its type. Pure.
void write_platform(const domain::Definition& definition, libxl_domain_config& config);
/// Fills in the platform and the adjustment of the clock; `definition` has its type. Pure.
void read_platform(const libxl_domain_config& config, domain::Definition& definition);

/// Whether a definition can hold it. unsupported_config: says what it cannot. Pure.
Result<> check_platform(const libxl_domain_config& config);

/// Whether libxl knows all of the features. unsupported_config: names the first that it does not. Pure.
Result<> check_cpu_features(const domain::CpuFeatures& features);

}  // namespace virtlight::xenlight
