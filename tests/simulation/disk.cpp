// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulation/disk.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>

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

/// Does it, unless the disk refuses, and tells it then.
template <class Call, class Tell>
int change(const char* path, Call call, Tell tell) {
    auto* const disk = Disk::of(path);
    const auto error = disk ? disk->refuses() : std::nullopt;
    if (error) {
        errno = *error;
        return -1;
    }
    const auto done = static_cast<int>(call());
    if (disk && done == 0) tell(*disk);
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
    const auto call = [&] { return ::syscall(SYS_openat, AT_FDCWD, path, flags, mode); };
    if ((flags & O_CREAT) == 0) return static_cast<int>(call());
    return change(path, call, [](Disk&) {});
}

int rename(const char* from, const char* to) noexcept {
    return change(
        to, [&] { return ::syscall(SYS_rename, from, to); }, [&](Disk& disk) { disk.renamed(from, to); });
}

int renameat2(int, const char* from, int, const char* to, unsigned flags) noexcept {
    return change(
        to, [&] { return ::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags); },
        [&](Disk& disk) { disk.renamed(from, to); });
}

int unlink(const char* path) noexcept {
    return change(path, [&] { return ::syscall(SYS_unlink, path); }, [&](Disk& disk) { disk.removed(path); });
}

int symlink(const char* target, const char* path) noexcept {
    return change(path, [&] { return ::syscall(SYS_symlink, target, path); }, [](Disk&) {});
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
