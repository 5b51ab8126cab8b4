// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/disk.hpp"

#include <cerrno>
#include <cstdarg>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace virtlight::simulation {
namespace {

Disk* current = nullptr;

}  // namespace

Disk::Disk() : prefix_(folder_.path().string() + "/") {
    current = this;
}

Disk::~Disk() {
    current = nullptr;
}

Disk* Disk::of(std::string_view path) {
    return current && path.starts_with(current->prefix_) ? current : nullptr;
}

Disk* Disk::any() {
    return current;
}

void Disk::repair() {
    crashed_ = false;
    fails_at_ = 0;
    crashes_at_ = 0;
}

std::optional<int> Disk::refuses() {
    ++changes_;
    if (changes_ == crashes_at_) crashed_ = true;
    if (crashed_ || changes_ == fails_at_) return EIO;
    return std::nullopt;
}

namespace {

/// `call` does it; `name` is the file that has got its name then, or lost it.
template <class Call>
int change(const char* path, Disk::Change what, const char* name, Call call) {
    auto* const disk = Disk::of(path);
    if (disk) {
        if (const auto error = disk->refuses()) {
            errno = *error;
            return -1;
        }
    }
    const auto done = static_cast<int>(call());
    if (disk && done == 0) disk->changed(what, name);
    return done;
}

}  // namespace
}  // namespace virtlight::simulation

using virtlight::simulation::change;
using virtlight::simulation::Disk;

// In the place of the C library's.
extern "C" {

int open(const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    auto* const disk = (flags & O_CREAT) != 0 ? Disk::of(path) : nullptr;
    if (disk) {
        if (const auto error = disk->refuses()) {
            errno = *error;
            return -1;
        }
    }
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int rename(const char* from, const char* to) noexcept {
    return change(to, Disk::Change::rename, to, [&] { return ::syscall(SYS_rename, from, to); });
}

int unlink(const char* path) noexcept {
    return change(path, Disk::Change::remove, path, [&] { return ::syscall(SYS_unlink, path); });
}

int symlink(const char* target, const char* path) noexcept {
    return change(path, Disk::Change::link, path, [&] { return ::syscall(SYS_symlink, target, path); });
}

/// Takes no time on a disk of ours, which outlives no power cut.
int fsync(int fd) {
    auto* const disk = Disk::any();
    if (!disk) return static_cast<int>(::syscall(SYS_fsync, fd));
    const auto error = disk->refuses();
    if (error) errno = *error;
    return error ? -1 : 0;
}

}  // extern "C"
