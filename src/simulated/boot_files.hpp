// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::simulated {

/// Whether a guest could be started from these files: any readable file is a kernel or an initrd, and only an
/// HVM guest can do without a kernel. invalid_argument: names the file. Blocks: not for the core thread.
Result<> check_boot_files(domain::GuestType type, const domain::DirectBoot& boot);

}  // namespace virtlight::simulated
