// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace virtlight::hypervisor {

/// What the tables of the host's firmware say of one thing, by libvirt's names.
struct SmbiosEntry {
    std::string part{};  ///< "bios", "system", "baseBoard", "chassis"
    std::string name{};  ///< "manufacturer"
    std::string value{};

    bool operator==(const SmbiosEntry&) const = default;
};

/// As far as dom0's kernel tells and the firmware's makers have filled in, a part after the other. None if
/// the folder is not there. Blocks.
std::vector<SmbiosEntry> read_smbios(const std::filesystem::path& folder = "/sys/class/dmi/id");

}  // namespace virtlight::hypervisor
