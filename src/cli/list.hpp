// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace virtlight::cli {

/// All domains, a line each: what is to be printed.
Result<std::string> list(const std::filesystem::path& socket, bool json);

}  // namespace virtlight::cli
