// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/lock_copies.hpp"

#include <atomic>

#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace virtlight::fake {
namespace {

constexpr int unwanted = -1;
constexpr int none_yet = -2;

/// A copy in this process is as good as one in a child.
std::atomic<int> copied = unwanted;

void copy(int fd) {
    if (int expected = none_yet; copied == expected) {
        const int made = ::dup(fd);
        if (!copied.compare_exchange_strong(expected, made)) ::close(made);
    }
}

}  // namespace

LockCopies::LockCopies() {
    copied = none_yet;
}

LockCopies::~LockCopies() {
    if (const int held = copied.exchange(unwanted); held >= 0) ::close(held);
}

bool LockCopies::any() {
    return copied >= 0;
}

}  // namespace virtlight::fake

/// In the place of the C library's, for libxl as well.
extern "C" int flock(int fd, int operation) noexcept {
    const auto result = static_cast<int>(::syscall(SYS_flock, fd, operation));
    if (result == 0 && operation == (LOCK_SH | LOCK_NB)) virtlight::fake::copy(fd);
    return result;
}
