// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "hypervisor/figures.hpp"

namespace virtlight::xenlight {

/// The disks of each guest that dom0's kernel serves (those of a QEMU are not counted there), from the folder
/// of its backends; none if it cannot be read. Blocks.
std::map<hypervisor::DomId, std::vector<hypervisor::DiskFigures>> read_vbd_counters(
    const std::filesystem::path& backends = "/sys/bus/xen-backend/devices");

}  // namespace virtlight::xenlight
