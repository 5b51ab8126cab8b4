// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/wall_time.hpp"

/// The commands about guests' consoles.
namespace virtlight::cli {

/// A console of a domain (by its name or uuid): by its own name, or the first.
struct ConsoleChoice {
    std::string domain;
    std::optional<std::string> console{};
};

/// All consoles with their histories and viewers; returns what is to be printed.
Result<std::string> consoles(const std::filesystem::path& socket, bool json);

/// Frees a running domain's consoles for xl console, until they are retaken or the domain starts anew.
Result<std::string> release_consoles(const std::filesystem::path& socket, const std::string& domain,
                                     bool json);
/// Has the daemon read them again.
Result<std::string> retake_consoles(const std::filesystem::path& socket, const std::string& domain,
                                    bool json);

struct LogOptions {
    std::optional<std::uint64_t> boot{};  ///< its number; empty: all that are held
    std::optional<WallTime> since{};
    bool follow = false;
    bool marks = false;  ///< with a line for each boot, reboot, save ...
    /// First what `consoles` has of it, then an object for each line; for one that is longer than
    /// limits::json_line several, of which all but the last say that it continues.
    bool json = false;
};

/// Writes the history to standard output as it stands, and with `follow` what comes until the guest stops.
Result<> logs(const std::filesystem::path& socket, const ConsoleChoice& which, const LogOptions& options);

/// The numbers are those of WatchConsoleArgs::access.
enum class ConsoleAccess : std::uint32_t { view = 0, write = 1, write_if_free = 2, force = 3 };

/// Connects this terminal with the console until Ctrl-] is pressed on a terminal, or the guest ends, or the
/// standard input of one who does not only watch and the guest has taken it. timed_out: it has not within
/// limits::last_input.
Result<> console(const std::filesystem::path& socket, const ConsoleChoice& which, ConsoleAccess access);

}  // namespace virtlight::cli
