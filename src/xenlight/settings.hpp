// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>
#include <vector>

#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// A guest's settings in libxl's words and back.
namespace virtlight::xenlight {

/// `config` has its type and all else. Pure.
void write_settings(const domain::Settings& settings, libxl_domain_config& config);
/// Those that libxl has not by default. Pure.
domain::Settings read_settings(const libxl_domain_config& config, domain::GuestType type);

/// The settings that libxl has a place for.
std::vector<std::string_view> known_settings();

}  // namespace virtlight::xenlight
