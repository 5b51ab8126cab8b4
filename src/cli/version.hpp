// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// The versions of this command, of the daemon that runs and of the host's Xen: what is to be printed.
Result<std::string> version(const std::filesystem::path& socket, bool json);

}  // namespace virtlight::cli
