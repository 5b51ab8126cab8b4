// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/smbios.hpp"

#include <string_view>
#include <utility>

#include "hypervisor/sysfs.hpp"

namespace virtlight::hypervisor {
namespace {

struct Known {
    std::string_view file;
    std::string_view part;
    std::string_view name;
};

constexpr Known known[] = {
    {"bios_vendor", "bios", "vendor"},
    {"bios_version", "bios", "version"},
    {"bios_date", "bios", "date"},
    {"bios_release", "bios", "release"},
    {"sys_vendor", "system", "manufacturer"},
    {"product_name", "system", "product"},
    {"product_version", "system", "version"},
    {"product_serial", "system", "serial"},
    {"product_uuid", "system", "uuid"},
    {"product_sku", "system", "sku"},
    {"product_family", "system", "family"},
    {"board_vendor", "baseBoard", "manufacturer"},
    {"board_name", "baseBoard", "product"},
    {"board_version", "baseBoard", "version"},
    {"board_serial", "baseBoard", "serial"},
    {"board_asset_tag", "baseBoard", "asset"},
    {"chassis_vendor", "chassis", "manufacturer"},
    {"chassis_version", "chassis", "version"},
    {"chassis_serial", "chassis", "serial"},
    {"chassis_asset_tag", "chassis", "asset"},
};

}  // namespace

std::vector<SmbiosEntry> read_smbios(const std::filesystem::path& folder) {
    std::vector<SmbiosEntry> entries;
    for (const auto& [file, part, name] : known) {
        auto value = sysfs_text(folder / file);
        if (!value.empty()) entries.push_back({std::string(part), std::string(name), std::move(value)});
    }
    return entries;
}

}  // namespace virtlight::hypervisor
