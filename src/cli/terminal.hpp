// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace virtlight::cli {

enum class Colour { red, green, yellow };

bool is_terminal(std::FILE* file);

/// The text in this colour, if `file` is where it goes and is a terminal that shows colours: not with
/// NO_COLOR set, nor a TERM of "dumb".
std::string painted(std::string_view text, Colour colour, std::FILE* file = stdout);

}  // namespace virtlight::cli
