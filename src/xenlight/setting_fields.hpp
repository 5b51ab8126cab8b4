// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include "domain/settings.hpp"
#include "xenlight/libxl.hpp"

/// Settings that are more than one field of libxl's, or a field of a form of its own: each is written into a
/// fresh config, and read from it; empty is libxl's default. Pure.
namespace virtlight::xenlight {

void set_first_label(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> first_label(const libxl_domain_config& config);

void set_machine_checks(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> machine_checks(const libxl_domain_config& config);

void set_generation(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> generation(const libxl_domain_config& config);

void set_regions(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> regions(const libxl_domain_config& config);

void set_graphics_card(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> graphics_card(const libxl_domain_config& config);

void set_keyboard(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> keyboard(const libxl_domain_config& config);

void set_device_model(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> device_model(const libxl_domain_config& config);

void set_enlightenments(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> hyperv_enlightenments(const libxl_domain_config& config);

void set_ports(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> ports(const libxl_domain_config& config);

void set_interrupts(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> interrupts(const libxl_domain_config& config);

void set_pages(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> pages(const libxl_domain_config& config);

/// One set is for all vCPUs, and several are for each its own; the number of vCPUs is set.
void set_soft_affinity(const domain::SettingValue& value, libxl_domain_config& config);
std::optional<domain::SettingValue> soft_affinity(const libxl_domain_config& config);

}  // namespace virtlight::xenlight
