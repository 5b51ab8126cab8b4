// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// Where a user said the daemon is.
struct Address {
    std::optional<std::string> root{};  ///< --root
    std::optional<std::string> uri{};   ///< --connect
    std::string environment{};          ///< VIRTLIGHT_URI; empty: it is not set
};

/// The daemon's socket. What is said on the command line wins over the environment; without a word it is the
/// host's own daemon. A URI is libvirt's: xen+unix:///system?socket=PATH, or xen:///system for the host's
/// own. invalid_argument: both --root and --connect, a root that is empty, as a variable is that was not set,
/// or a URI that is neither of these.
Result<std::filesystem::path> socket_of(const Address& address);

}  // namespace virtlight::cli
