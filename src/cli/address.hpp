// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// Where a user said the daemon is; empty what was not said.
struct Address {
    std::string root{};         ///< --root
    std::string uri{};          ///< --connect
    std::string environment{};  ///< VIRTLIGHT_URI
};

/// The daemon's socket. What is said on the command line wins over the environment; without a word it is the
/// host's own daemon. A URI is libvirt's: xen+unix:///system?socket=PATH, or xen:///system for the host's
/// own. invalid_argument: both --root and --connect, or a URI that is neither of these.
Result<std::filesystem::path> socket_of(const Address& address);

}  // namespace virtlight::cli
