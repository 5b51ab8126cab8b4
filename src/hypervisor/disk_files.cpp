// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_files.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "hypervisor/sysfs.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;

Result<> check_disk_file(const Disk& disk) {
    if (!is_served_here(disk)) return {};
    const auto refuse = [&](std::string_view why) {
        return fail(Reason::invalid_argument, "the source {} of disk {}: {}", disk.path,
                    to_string(disk.target), why);
    };
    // Not opened: opening a device can do anything.
    struct stat status{};
    if (::stat(disk.path.c_str(), &status) != 0) return refuse(errno_text(errno));
    if (S_ISBLK(status.st_mode) || S_ISREG(status.st_mode)) return {};
    return refuse("it is neither a file nor a block device");
}

FileIdentity identity_of(const struct stat& status) {
    if (S_ISBLK(status.st_mode)) return {.device = true, .host = status.st_rdev};
    return {.host = status.st_dev, .inode = status.st_ino};
}

}  // namespace

bool is_served_here(const Disk& disk) {
    return disk.source != Disk::Source::none && disk.backend_domain.empty();
}

Result<> check_disk_files(std::span<const Disk> disks) {
    for (const auto& disk : disks)
        if (auto checked = check_disk_file(disk); !checked) return checked;
    return {};
}

std::optional<FileIdentity> identify_file(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    if (!S_ISBLK(status.st_mode)) return identity_of(status);
    const auto file = behind_loop_device(status.st_rdev);
    return file ? file : identity_of(status);
}

/// The device is not opened, as above.
std::optional<FileIdentity> behind_loop_device(std::uint64_t device, const std::filesystem::path& devices) {
    const auto loop = devices / fmt::format("{}:{}", major(device), minor(device)) / "loop";
    const auto file = sysfs_text(loop / "backing_file");
    const bool whole = sysfs_text(loop / "offset") == "0" && sysfs_text(loop / "sizelimit") == "0";
    struct stat status{};
    if (file.empty() || !whole || ::stat(file.c_str(), &status) != 0) return std::nullopt;
    return identity_of(status);
}

}  // namespace virtlight::hypervisor
