// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::xenlight {

/// Whether a guest can be booted from the files of its definition: the kernel is there (an HVM guest may do
/// without one), is a file that can be read and looks like a kernel for this type of guest; so too the
/// initrd, which may be anything, and the firmware. With a bootloader, which finds both on the guest's disk,
/// they are not of dom0; then it is there, and a disk. The error names the domain, the file and what is wrong
/// with it; libxl's own would come late and say little. Reads the files: not for the core thread.
Result<> check_boot_files(const domain::Definition& definition);

}  // namespace virtlight::xenlight
