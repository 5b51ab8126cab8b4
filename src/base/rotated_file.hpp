// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace virtlight {

/// When a log file makes way for a new one, and how many old ones are kept beside it.
struct Rotation {
    std::uint64_t bytes = 4 * 1024 * 1024;
    unsigned old_files = 3;
};

/// Appends to the file, whole or not at all. If it would grow over the limit, it becomes "<path>.1", what was
/// that becomes "<path>.2" and so on, and the text starts a new one. The file is opened for each call, so it
/// may be moved or removed at any time, and its folder too. Blocks: not for the core thread.
Result<> append_rotated(const std::filesystem::path& path, std::string_view text, const Rotation& rotation);

}  // namespace virtlight
