// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"

/// The commands about which consoles there are, and who reads them.
namespace virtlight::cli {

/// All consoles, or those of one domain, with their histories and viewers; returns what is to be printed.
Result<std::string> consoles(const std::filesystem::path& socket, const std::optional<std::string>& domain,
                             bool json);

/// Frees a running domain's consoles for xl console, until they are retaken or the domain starts anew.
Result<std::string> release_consoles(const std::filesystem::path& socket, const std::string& domain,
                                     bool json);
/// Has the daemon read them again.
Result<std::string> retake_consoles(const std::filesystem::path& socket, const std::string& domain,
                                    bool json);

}  // namespace virtlight::cli
