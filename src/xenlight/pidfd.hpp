// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.hpp"

namespace virtlight::xenlight {

/// A process as a descriptor, which is ready to be read when it has ended. glibc 2.36 declares pidfd_open()
/// for C alone.
inline Fd open_pidfd(pid_t pid) {
    return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace virtlight::xenlight
