// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/journal.hpp"

#include <string_view>

#include <fmt/format.h>
#include <sys/stat.h>

namespace virtlight::daemon {

bool goes_to_journal(int fd, const char* stream) {
    struct stat about = {};
    if (!stream || ::fstat(fd, &about) != 0) return false;
    return std::string_view(stream) == fmt::format("{}:{}", about.st_dev, about.st_ino);
}

}  // namespace virtlight::daemon
