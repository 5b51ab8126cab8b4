// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "domain/disk.hpp"

namespace virtlight::hypervisor {

/// In bytes.
struct DiskSize {
    std::uint64_t capacity = 0;    ///< that a guest finds
    std::uint64_t allocation = 0;  ///< that the host has given away for it
    std::uint64_t physical = 0;    ///< where the file, or the device, ends

    bool operator==(const DiskSize&) const = default;
};

/// What a disk's source says of itself, whether a guest runs with it or not. Blocks: not for the core thread.
/// unsupported_operation: it is in another domain; invalid_argument: the drive is empty, or the source is not
/// in the disk's format; io.
Result<DiskSize> disk_size(const domain::Disk& disk);

/// Has a file end there, and no sooner; synced. Blocks. io; unsupported_operation: it is no file.
Result<> grow_file(const std::string& path, std::uint64_t bytes);

}  // namespace virtlight::hypervisor
