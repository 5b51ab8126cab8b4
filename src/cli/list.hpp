// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// All domains, or one, a line each: what is to be printed.
Result<std::string> list(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                         bool json);

}  // namespace virtlight::cli
