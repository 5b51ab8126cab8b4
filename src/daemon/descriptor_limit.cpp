// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/descriptor_limit.hpp"

#include <cerrno>

#include <sys/resource.h>

#include "base/log.hpp"
#include "base/result.hpp"

namespace virtlight::daemon {

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
    }
    log::warning("the limit of open files stays at {}: {}", limit.rlim_cur, errno_text(errno));
}

}  // namespace virtlight::daemon
