// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

namespace virtlight::cli {

/// A console of a domain (by its name or uuid): by its own name, or the first.
struct ConsoleChoice {
    std::string domain;
    std::optional<std::string> console{};
};

}  // namespace virtlight::cli
