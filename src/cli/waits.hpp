// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

/// The commands that wait. Each returns what is to be printed.
namespace virtlight::cli {

/// Waits until the daemon serves clients. timed_out after `patience`.
Result<std::string> wait_ready(const std::filesystem::path& socket, Duration patience, bool json);

/// Waits until the domain, by its name or uuid, is shut off or gone; over a restart of the daemon, too, which
/// leaves guests running. timed_out after `patience`, and after limits::off_answer more where the daemon does
/// not answer; no_domain: it was gone before.
Result<std::string> wait_off(const std::filesystem::path& socket, const std::string& name, Duration patience,
                             bool json);

}  // namespace virtlight::cli
