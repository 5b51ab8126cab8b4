// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "cli/console_choice.hpp"

/// The command that connects a terminal with a guest's console.
namespace virtlight::cli {

/// The numbers are those of WatchConsoleArgs::access.
enum class ConsoleAccess : std::uint32_t { view = 0, write = 1, write_if_free = 2, force = 3 };

/// Connects this terminal with the console until Ctrl-] is pressed on a terminal, or the guest ends, or the
/// standard input of one who does not only watch and the guest has taken it. timed_out: it has not within
/// limits::last_input.
Result<> console(const std::filesystem::path& socket, const ConsoleChoice& which, ConsoleAccess access);

}  // namespace virtlight::cli
