// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "console/position.hpp"

namespace virtlight::console::test {

/// So many milliseconds into 2026.
inline WallTime at_ms(std::int64_t ms) {
    using namespace std::chrono;
    return sys_days(year(2026) / January / 1) + milliseconds(ms);
}

}  // namespace virtlight::console::test
