// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"

namespace virtlight::xenlight {

/// A file that a guest is booted from. The check of it owns what it uses, and reads the file: not for the
/// core thread.
struct BootFile {
    std::string path;
    std::function<Result<>()> check;
};

/// What a guest is booted from, each to be checked: the kernel is there (an HVM guest may do without one), is
/// a file that can be read and looks like a kernel for this type of guest; so too the initrd, which may be
/// anything, and the firmware. With a bootloader, which finds both on the guest's disk, they are not of dom0;
/// then it is there, and a disk. An error names the file and what is wrong with it; libxl's own would come
/// late and say little.
Result<std::vector<BootFile>> boot_files(const domain::Definition& definition);

}  // namespace virtlight::xenlight
