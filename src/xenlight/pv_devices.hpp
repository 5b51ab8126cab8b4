// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "domain/settings.hpp"
#include "xenlight/libxl.hpp"

/// Devices of Xen's own that a guest has as settings, each in words of xl's: written into a fresh config, and
/// read from it; empty: there are none. Their ids are ours. Pure.
namespace virtlight::xenlight {

/// Beside the keyboard that comes with a framebuffer, which is there already.
void set_keyboards(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> keyboards(const libxl_domain_config& config);

void set_displays(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> displays(const libxl_domain_config& config);

void set_pv_calls(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> pv_calls(const libxl_domain_config& config);

void set_vtpms(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> vtpms(const libxl_domain_config& config);

}  // namespace virtlight::xenlight
