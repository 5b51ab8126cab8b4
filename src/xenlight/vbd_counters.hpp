// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hypervisor/figures.hpp"

namespace virtlight::xenlight {

/// What Xen's number of a virtual disk means: "xvda", "sda", "hda", with a partition's number behind it.
/// Empty: it is none of them. Pure.
std::optional<std::string> disk_name(unsigned number);

/// The disks of each guest that dom0's kernel serves (those of a QEMU are not counted there), from the folder
/// of its backends; none if it cannot be read. Blocks.
std::map<hypervisor::DomId, std::vector<hypervisor::DiskFigures>> read_vbd_counters(
    const std::filesystem::path& backends = "/sys/bus/xen-backend/devices");

}  // namespace virtlight::xenlight
