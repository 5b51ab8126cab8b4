// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

using LibxlDisk = Owned<libxl_device_disk, libxl_device_disk_init, libxl_device_disk_dispose>;

/// Writes a disk into libxl's words; `theirs` is fresh. libxl does not know whether it is shareable, only who
/// serves it then. Pure.
void write_disk(const domain::Disk& disk, libxl_device_disk& theirs);

/// `config` has none yet.
void write_disks(const domain::Definition& definition, libxl_domain_config& config);
/// Without those that a definition cannot hold. Of the others what it has no word for is left out: that they
/// are in use has to be known all the same. What is below /dev is a block device, anything else a file. Pure.
std::vector<domain::Disk> read_disks(const libxl_domain_config& config, domain::GuestType type);
/// Whether a definition can hold all of them. unsupported_config: names the first that it cannot.
Result<> check_disks(const libxl_domain_config& config, domain::GuestType type);

}  // namespace virtlight::xenlight
