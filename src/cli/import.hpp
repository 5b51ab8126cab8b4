// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace virtlight::cli {

struct ImportOptions {
    bool dry_run = false;  ///< nothing is defined, and it is only told what would be
    bool json = false;
};

/// Defines a domain from each of these configuration files of xl's, and writes to standard output, as soon as
/// it is done, where it differs from what xl makes of the file. One that is refused, also as one before it
/// has its name or uuid, does not keep those behind it from being taken; the error names it, or as its
/// details all of them.
Result<> import_configs(const std::filesystem::path& socket, const std::vector<std::string>& files,
                        const ImportOptions& options);

}  // namespace virtlight::cli
