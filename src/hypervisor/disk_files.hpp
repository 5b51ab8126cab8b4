// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

#include "base/result.hpp"
#include "domain/disk.hpp"

namespace virtlight::hypervisor {

/// Whether what serves these disks is there, files or block devices; of another backend domain's nothing is
/// known. invalid_argument: names the disk and the path. Blocks: not for the core thread.
Result<> check_disk_files(std::span<const domain::Disk> disks);

}  // namespace virtlight::hypervisor
