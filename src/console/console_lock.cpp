// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/console_lock.hpp"

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace virtlight::console {
namespace {

/// How the kernel's list of locks names a file: device and inode.
std::string name_in_locks(const std::filesystem::path& path) {
    struct stat file = {};
    if (::stat(path.c_str(), &file) != 0) return {};
    return fmt::format("{:02x}:{:02x}:{}", major(file.st_dev), minor(file.st_dev), file.st_ino);
}

}  // namespace

std::string lock_holder(const std::filesystem::path& path) {
    const auto wanted = name_in_locks(path);
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        std::string number, kind, strength, access, pid, file;
        std::istringstream(line) >> number >> kind >> strength >> access >> pid >> file;
        if (kind != "FLOCK" || file != wanted) continue;
        std::string program = "process";
        std::ifstream("/proc/" + pid + "/comm") >> program;
        return fmt::format("{} ({})", program, pid);
    }
    return {};
}

Result<ConsoleLock> ConsoleLock::take(const std::filesystem::path& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd) return fail_errno(errno, "cannot open console lock '{}'", path.string());
    fd.keep_from_children();  // a copy would hold the lock after it was given up
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return ConsoleLock(std::move(fd));
    if (errno != EWOULDBLOCK) return fail_errno(errno, "cannot take console lock '{}'", path.string());
    return fail(Reason::operation_failed, "console lock '{}' is held by another program", path.string());
}

}  // namespace virtlight::console
