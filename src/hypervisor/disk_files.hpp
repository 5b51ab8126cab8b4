// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
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

/// What a path leads to, whatever other paths do. Two names of one block device are one, and a loop device is
/// the file that it shows.
struct FileIdentity {
    bool device = false;     ///< a block device, which has no inode here
    std::uint64_t host = 0;  ///< the number of the device, or of the file system that the file is on
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

/// Empty: nothing is there. Blocks: not for the core thread.
std::optional<FileIdentity> identify_file(const std::string& path);

/// What is behind the loop device of this number, if it shows all of it: parts of one file are disks of their
/// own. Empty: it shows a part, or is no loop device, or what it shows has no name any more. `devices` is
/// where the kernel tells of block devices by their numbers. Blocks with the storage of what is behind.
std::optional<FileIdentity> behind_loop_device(std::uint64_t device,
                                               const std::filesystem::path& devices = "/sys/dev/block");

}  // namespace virtlight::hypervisor
