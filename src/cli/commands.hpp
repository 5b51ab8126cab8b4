// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

/// What the command does. Each returns what is to be printed.
namespace virtlight::cli {

/// The version of this command, and of what the daemon runs on.
Result<std::string> version(const std::filesystem::path& socket, bool json);

/// All domains, a line each.
Result<std::string> list(const std::filesystem::path& socket, bool json);

/// Defines a domain from a configuration file of xl's, and tells what is not as with xl.
Result<std::string> import_config(const std::filesystem::path& socket, const std::filesystem::path& file,
                                  bool json);

}  // namespace virtlight::cli
