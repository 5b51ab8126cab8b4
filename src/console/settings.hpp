// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "base/limits.hpp"
#include "console/boot.hpp"
#include "console/log_text.hpp"
#include "console/rotated_file.hpp"

namespace virtlight::console {

/// What may be chosen for all consoles.
struct Settings {
    HistorySize history{};
    std::size_t recent = limits::console_recent_bytes;  ///< of the history, what a client sees first
    Sequences sequences = Sequences::cleaned;           ///< in the log
    Rotation rotation{};                                ///< of the log
};

}  // namespace virtlight::console
