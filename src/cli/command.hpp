// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "base/result.hpp"

namespace virtlight::cli {

/// What all commands are told.
struct Call {
    std::filesystem::path socket;
    bool json = false;
};

/// A word after `virtlight`.
struct Command {
    /// Does it, and returns what is to be printed.
    using Run = std::function<Result<std::string>(const Call&)>;

    std::string_view name;
    std::string_view help;
    std::string_view examples;
    /// Adds the command's own options; what it returns has them when they are parsed.
    Run (*add)(CLI::App& command);
};

}  // namespace virtlight::cli
