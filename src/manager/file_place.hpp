// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// Whether a client may have an image or a core written to this path, in the place of what is there. Goes by
/// its name, and by what is there and in which folder, looked at beside the core. invalid_argument: it is a
/// disk of some domain, whether that runs or not, or where the managed images are, of which one that nobody
/// knows of would be restored some day; timed_out: its storage does not answer; cancelled.
async::Task<Result<>> check_file_place(const Core& core, std::filesystem::path path,
                                       async::CancelToken cancel);

}  // namespace virtlight::manager
