// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// Channels and shared folders in libxl's words and back: devices that a guest has from its start to its end.
/// Pure.
namespace virtlight::xenlight {

/// `config` has none yet.
void write_channels(const domain::Definition& definition, libxl_domain_config& config);
void write_shared_folders(const domain::Definition& definition, libxl_domain_config& config);

/// Without those that a definition cannot hold. After its consoles.
void read_channels(const libxl_domain_config& config, domain::Definition& definition);
void read_shared_folders(const libxl_domain_config& config, domain::Definition& definition);

/// Whether a definition can hold all of them. unsupported_config: says what it cannot.
Result<> check_channels(const libxl_domain_config& config);
Result<> check_shared_folders(const libxl_domain_config& config);

}  // namespace virtlight::xenlight
