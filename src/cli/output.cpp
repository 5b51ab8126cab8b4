// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/output.hpp"

#include <cerrno>

#include <unistd.h>

namespace virtlight::cli {

Result<> print(std::string_view text) {
    while (!text.empty()) {
        const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_errno(errno, "cannot write");
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

}  // namespace virtlight::cli
