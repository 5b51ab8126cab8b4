// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/boot_files.hpp"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.hpp"

namespace virtlight::simulated {
namespace {

Result<> check_file(std::string_view role, const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
        return fail(Reason::invalid_argument, "{} '{}': {}", role, path, errno_text(errno));
    if (S_ISDIR(status.st_mode)) return fail(Reason::invalid_argument, "{} '{}' is a directory", role, path);
    // Not opened: opening a pipe or a device can do anything.
    if (!S_ISREG(status.st_mode))
        return fail(Reason::invalid_argument, "{} '{}' is not a regular file", role, path);
    if (const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); !file)
        return fail(Reason::invalid_argument, "{} '{}': {}", role, path, errno_text(errno));
    return {};
}

}  // namespace

Result<> check_boot_files(domain::GuestType type, const domain::DirectBoot& boot) {
    if (boot.kernel.empty() && type != domain::GuestType::hvm)
        return fail(Reason::invalid_argument, "no kernel is given, and only an HVM guest starts without");
    if (!boot.kernel.empty())
        if (auto checked = check_file("kernel", boot.kernel); !checked) return checked;
    if (!boot.initrd.empty()) return check_file("initrd", boot.initrd);
    return {};
}

}  // namespace virtlight::simulated
