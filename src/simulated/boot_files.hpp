// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::simulated {

/// Whether a guest could be started from these files: any readable file is a kernel, an initrd or a firmware,
/// only an HVM guest can do without a kernel or a bootloader, and its disks are there. invalid_argument:
/// names the file. Blocks: not for the core thread.
Result<> check_boot_files(const domain::Definition& definition);

}  // namespace virtlight::simulated
