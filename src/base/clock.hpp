// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace virtlight {

/// All deadlines are on the monotonic clock: a stepped wall clock neither fires nor stalls them.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = Clock::duration;

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr auto in_milliseconds(Duration duration) {
    return std::chrono::duration_cast<milliseconds>(duration).count();
}

}  // namespace virtlight
