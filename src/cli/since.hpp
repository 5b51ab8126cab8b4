// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "base/wall_time.hpp"

namespace virtlight::cli {

/// A time that a user wrote: how long before `now` ("90", "90s", "15m", "2h", "3d"), or when: a time of today
/// ("10:15", "10:15:02"), a day ("2026-11-22") or both, with a blank or a T between
/// ("2026-11-22T10:15:02.311"). With a Z behind it is UTC, as the logs have it, and with "+02:00" the time of
/// a place that is so far ahead; else the time of this machine. invalid_argument: something else, and a day
/// that there is not.
Result<WallTime> parse_since(std::string_view text, WallTime now);

}  // namespace virtlight::cli
