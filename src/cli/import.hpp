// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// Defines a domain from a configuration file of xl's; what is to be printed tells where it differs from what
/// xl makes of the file.
Result<std::string> import_config(const std::filesystem::path& socket, const std::filesystem::path& file,
                                  bool json);

}  // namespace virtlight::cli
