// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "manager/core.hpp"

namespace virtlight::manager {

/// Whether a client may have an image or a core written to this path, in the place of what is there. Goes by
/// names. invalid_argument: it is a disk of some domain, whether that runs or not, or where the managed
/// images are, of which one that nobody knows of would be restored some day.
Result<> check_file_place(const Core& core, const std::filesystem::path& path);

}  // namespace virtlight::manager
