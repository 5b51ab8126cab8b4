// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "base/result.hpp"
#include "domain/disk.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

using LibxlDisk = Owned<libxl_device_disk, libxl_device_disk_init, libxl_device_disk_dispose>;

/// Writes a disk into libxl's words; `theirs` is fresh. libxl does not know whether it is shareable. Pure.
void write_disk(const domain::Disk& disk, libxl_device_disk& theirs);

/// The disk that libxl's words describe. unsupported_config: what a definition cannot hold of it. What is
/// below /dev is a block device, anything else a file. Pure.
Result<domain::Disk> read_disk(const libxl_device_disk& theirs);

}  // namespace virtlight::xenlight
