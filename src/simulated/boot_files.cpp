// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/boot_files.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.hpp"
#include "hypervisor/definition_files.hpp"
#include "hypervisor/disk_files.hpp"

namespace virtlight::simulated {
namespace {

Result<> check_file(std::string_view role, const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
        return fail(Reason::invalid_argument, "the {} {}: {}", role, path, errno_text(errno));
    if (S_ISDIR(status.st_mode))
        return fail(Reason::invalid_argument, "the {} {} is a directory", role, path);
    // Not opened: opening a pipe or a device can do anything.
    if (!S_ISREG(status.st_mode))
        return fail(Reason::invalid_argument, "the {} {} is no regular file", role, path);
    if (const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); !file)
        return fail(Reason::invalid_argument, "the {} {}: {}", role, path, errno_text(errno));
    return {};
}

/// With a bootloader the kernel is on the guest's disk.
Result<> check_kernel(const domain::Definition& definition) {
    const auto& boot = definition.boot;
    if (!boot.bootloader.empty()) {
        if (definition.disks.empty())
            return fail(Reason::invalid_argument,
                        "it has no disk on which its bootloader {} could find a kernel", boot.bootloader);
        return boot.bootloader.starts_with('/') ? check_file("bootloader", boot.bootloader) : Result<>();
    }
    if (boot.kernel.empty() && definition.type != domain::GuestType::hvm)
        return fail(
            Reason::invalid_argument,
            "it has no kernel to boot: give it a <kernel>, or a <bootloader> that finds one on its disk");
    const std::pair<std::string_view, const std::string&> files[] = {
        {"kernel", boot.kernel}, {"initrd", boot.initrd}, {"loader", boot.loader}};
    for (const auto& [role, path] : files) {
        if (path.empty() || (role == "loader" && hypervisor::has_stale_firmware(definition))) continue;
        if (auto checked = check_file(role, path); !checked) return checked;
    }
    return {};
}

}  // namespace

Result<> check_boot_files(const domain::Definition& definition) {
    if (auto checked = check_kernel(definition); !checked) return checked;
    return hypervisor::check_disk_files(definition.disks);
}

}  // namespace virtlight::simulated
