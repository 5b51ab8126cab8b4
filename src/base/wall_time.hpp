// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>

namespace virtlight {

/// As people and logs tell time. Deadlines are on the monotonic Clock instead.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

WallTime wall_now();

/// "2026-11-22T10:15:02.311Z"
std::string to_string(WallTime time);

}  // namespace virtlight
