// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/reuse.hpp"

#include <atomic>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libxl/disk.hpp"

namespace virtlight::fake {
namespace {

std::atomic<int> wanted = -1;
std::atomic<bool> done = false;

}  // namespace

void reuse_when_closed(int fd) {
    done = false;
    wanted = fd;
}

bool was_reused() {
    return done;
}

}  // namespace virtlight::fake

/// ThreadSanitizer's, where it is built in: it has to hear that a number is free.
extern "C" [[gnu::weak]] int ___interceptor_close(int fd);

// Everybody's: libxl closes what is its own.
extern "C" int close(int fd) {
    using namespace virtlight::fake;
    Disk::before_close(fd);
    const int result =
        ___interceptor_close ? ___interceptor_close(fd) : static_cast<int>(::syscall(SYS_close, fd));
    int expected = fd;
    if (fd < 0 || !wanted.compare_exchange_strong(expected, -1)) return result;
    const int readable = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (readable != fd) {
        ::dup3(readable, fd, O_CLOEXEC);
        close(readable);
    }
    done = true;
    return result;
}
