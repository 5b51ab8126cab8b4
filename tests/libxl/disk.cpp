// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/disk.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <string>

#include <sys/syscall.h>
#include <unistd.h>

namespace virtlight::fake {
namespace {

namespace fs = std::filesystem;

constexpr auto endless = std::numeric_limits<std::size_t>::max();

std::atomic<bool> limited = false;
std::mutex mutex;
std::condition_variable better;
std::size_t limit = endless;
std::atomic<std::size_t> room = endless;
bool stalls = false;
std::atomic<bool> holds = false;
std::atomic<bool> holds_open = false;
unsigned waiting = 0;

void set(std::size_t bytes, bool waits) {
    const std::scoped_lock lock(mutex);
    limit = bytes;
    stalls = waits;
    limited = bytes != endless;
    better.notify_all();
}

bool is_here(int fd) {
    std::error_code none;
    return fs::read_symlink("/proc/self/fd/" + std::to_string(fd), none).native().starts_with(Disk::folder);
}

void wait_while(const std::atomic<bool>& held, int fd) {
    if (!is_here(fd)) return;
    std::unique_lock lock(mutex);
    ++waiting;
    better.wait(lock, [&] { return !held; });
    --waiting;
}

/// How many of so many bytes the disk takes now; 0: none, it is full.
std::size_t taken(int fd, std::size_t size) {
    if (!is_here(fd)) return size;
    const auto end = static_cast<std::size_t>(::lseek(fd, 0, SEEK_CUR));
    std::unique_lock lock(mutex);
    if (end >= limit && stalls) {
        ++waiting;
        better.wait(lock, [&] { return end < limit; });
        --waiting;
    }
    return end < limit ? std::min(size, limit - end) : 0;
}

}  // namespace

Disk::Disk() {
    fs::remove_all(folder);
    fs::create_directories(folder);
}

Disk::~Disk() {
    good_again();
}

void Disk::is_full_at(std::size_t bytes) {
    set(bytes, false);
}

void Disk::stalls_at(std::size_t bytes) {
    set(bytes, true);
}

void Disk::holds_syncs() {
    holds = true;
}

void Disk::holds_closes() {
    holds_open = true;
}

void Disk::has_room_for(std::size_t bytes) {
    room = bytes;
}

bool Disk::is_waited_for() {
    const std::scoped_lock lock(mutex);
    return waiting > 0;
}

void Disk::good_again() {
    room = endless;
    holds = false;
    holds_open = false;
    set(endless, false);
}

bool Disk::is_empty() {
    return fs::is_empty(folder);
}

void Disk::before_close(int fd) {
    if (holds_open) wait_while(holds_open, fd);
}

}  // namespace virtlight::fake

extern "C" {

/// ThreadSanitizer's, where it is built in: what is written before is known to whoever reads it.
[[gnu::weak]] ssize_t ___interceptor_write(int fd, const void* bytes, std::size_t size);

// Everybody's: the daemon writes images as it does.
ssize_t write(int fd, const void* bytes, std::size_t size) {
    using namespace virtlight::fake;
    const auto fits = limited && size > 0 ? taken(fd, size) : size;
    if (fits == 0 && size > 0) return errno = ENOSPC, -1;
    return ___interceptor_write ? ___interceptor_write(fd, bytes, fits)
                                : ::syscall(SYS_write, fd, bytes, fits);
}

int fsync(int fd) {
    if (virtlight::fake::holds) virtlight::fake::wait_while(virtlight::fake::holds, fd);
    return static_cast<int>(::syscall(SYS_fsync, fd));
}

int fallocate(int fd, int mode, off_t from, off_t size) {
    if (static_cast<std::size_t>(from + size) > virtlight::fake::room) return errno = ENOSPC, -1;
    return static_cast<int>(::syscall(SYS_fallocate, fd, mode, from, size));
}

}  // extern "C"
