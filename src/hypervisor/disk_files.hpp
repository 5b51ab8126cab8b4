// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"
#include "domain/disk.hpp"

namespace virtlight::hypervisor {

/// Whether a file or a device of this host serves it: not so an empty drive, or one of a backend domain's.
bool is_served_here(const domain::Disk& disk);

/// Whether what serves these disks is there, files or block devices; of another backend domain's nothing is
/// known. invalid_argument: names the disk and the path. Blocks: not for the core thread.
Result<> check_disk_files(std::span<const domain::Disk> disks);

/// What a path leads to, whatever other paths do. Two names of one block device are one.
struct FileIdentity {
    bool device = false;     ///< a block device, which has no inode here
    std::uint64_t host = 0;  ///< the number of the device, or of the file system that the file is on
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

/// Empty: nothing is there. Blocks: not for the core thread.
std::optional<FileIdentity> identify_file(const std::string& path);

}  // namespace virtlight::hypervisor
