// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <filesystem>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight {

/// Where a UNIX socket is found: at a path, never under one of Linux's abstract names.
class UnixAddress {
 public:
    /// Bytes of the longest path: a zero stands behind it.
    static constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

    /// invalid_argument: the path is empty, has a zero in it, or is longer than `longest_path`.
    static Result<UnixAddress> of(const std::filesystem::path& path);

    /// As connect(2) and bind(2): 0, or -1 with the reason in errno.
    int connect(const Fd& socket) const;
    int bind(const Fd& socket) const;

 private:
    UnixAddress() = default;
    const sockaddr* plain() const;

    sockaddr_un address_{.sun_family = AF_UNIX, .sun_path = {}};
};

}  // namespace virtlight
