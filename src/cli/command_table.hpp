// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

#include "cli/command.hpp"

namespace virtlight::cli {

/// All commands, in the order of their names.
std::span<const Command> commands();

}  // namespace virtlight::cli
