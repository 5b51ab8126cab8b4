// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// What is being done to all domains, or to one, a line each.
Result<std::string> jobs(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                         bool json);

}  // namespace virtlight::cli
