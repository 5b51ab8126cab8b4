// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/result.hpp"
#include "base/wall_time.hpp"
#include "cli/console_choice.hpp"

/// The command that tells what a guest has written.
namespace virtlight::cli {

struct LogOptions {
    std::optional<std::uint64_t> boot{};  ///< its number; empty: all that are held
    std::optional<WallTime> since{};
    bool follow = false;
    bool marks = false;  ///< with a line for each boot, reboot, save ...
    /// First what `consoles` has of it, then an object for each line; for one that is longer than
    /// limits::json_line several, of which all but the last say that it continues.
    bool json = false;
    /// Without control sequences: what a guest has written for its own terminal must not act on another one,
    /// which might type an answer into the reader's shell.
    bool cleaned = false;
};

/// Writes the history to standard output, and with `follow` what comes until the guest stops.
Result<> logs(const std::filesystem::path& socket, const ConsoleChoice& which, const LogOptions& options);

}  // namespace virtlight::cli
