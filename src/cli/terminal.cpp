// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/terminal.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace virtlight::cli {
namespace {

bool shows_colours(std::FILE* file) {
    const char* const unwanted = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    return is_terminal(file) && (!unwanted || *unwanted == '\0') && term && std::string_view(term) != "dumb";
}

int code_of(Colour colour) {
    switch (colour) {
        case Colour::red: return 31;
        case Colour::green: return 32;
        case Colour::yellow: return 33;
    }
    return 0;
}

}  // namespace

bool is_terminal(std::FILE* file) {
    return ::isatty(::fileno(file)) == 1;
}

std::string painted(std::string_view text, Colour colour, std::FILE* file) {
    if (!shows_colours(file)) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text);
}

}  // namespace virtlight::cli
