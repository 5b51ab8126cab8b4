// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "domain/disk.hpp"

namespace virtlight::hypervisor {

/// Some bytes of a disk, as they are in dom0: what a guest has written and not yet sent there is not among
/// them. Blocks: not for the core thread. unsupported_operation: it is in another domain, or its image is not
/// raw; invalid_argument: the drive is empty, or the disk has fewer bytes; io.
Result<std::string> peek_disk(const domain::Disk& disk, std::uint64_t offset, std::size_t bytes);

}  // namespace virtlight::hypervisor
