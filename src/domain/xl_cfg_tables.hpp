// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>

#include "domain/xl_cfg_options.hpp"

/// All options of xl's, for whoever goes through them.
namespace virtlight::domain {

/// In the order of reading and writing: the defaults of the others depend on what the first tell.
inline constexpr const XlOptions* xl_option_tables[] = {
    &xl_general_options,  &xl_numa_options,        &xl_cpu_options,    &xl_boot_options,
    &xl_platform_options, &xl_machine_options,     &xl_device_options, &xl_host_device_options,
    &xl_share_options,    &xl_screen_options,      &xl_spice_options,  &xl_adapter_options,
    &xl_setting_options,  &xl_old_setting_options, &xl_absent_options};

template <class Visit>
void for_each_xl_option(Visit visit) {
    for (const auto* table : xl_option_tables)
        std::ranges::for_each(*table, visit);
}

}  // namespace virtlight::domain
