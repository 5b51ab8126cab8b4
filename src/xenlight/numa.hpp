// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// The NUMA cells of a guest in libxl's words and back. Pure.
namespace virtlight::xenlight {

void write_numa(const domain::Definition& definition, libxl_domain_build_info& info);
/// Some may be more than check_numa() allows.
std::vector<domain::NumaCell> read_numa(const libxl_domain_build_info& info);

}  // namespace virtlight::xenlight
