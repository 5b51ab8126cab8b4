// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/wall_time.hpp"

#include <fmt/chrono.h>

namespace virtlight {

WallTime wall_now() {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string to_string(WallTime time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    // By itself a time of the system is the time of the machine's place to fmt, depending on its version.
    const auto utc = fmt::gmtime(std::chrono::system_clock::to_time_t(second));
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, (time - second).count());
}

}  // namespace virtlight
