// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// What is being done to all domains, a line each.
Result<std::string> jobs(const std::filesystem::path& socket, bool json);

}  // namespace virtlight::cli
