// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/rotated_file.hpp"
#include "console/boot.hpp"
#include "console/log_text.hpp"

namespace virtlight::console {

/// What may be chosen for all consoles.
struct Settings {
    HistorySize history{};
    std::size_t recent = limits::console_recent_bytes;  ///< of the history, what a client sees first
    Sequences sequences = Sequences::cleaned;           ///< in the log
    Rotation rotation{};                                ///< of the log
    /// When what came is written down for the next start of the daemon, and again if the disk refused it.
    Duration save_delay = limits::console_save_delay;
    Duration save_retry = limits::console_log_retry;
    /// How long the history of a domain that is not known is kept after the start of the daemon.
    Duration unclaimed = limits::console_unclaimed;
    /// How long a console whose domain has gone, and the end of the daemon, wait for a disk that takes
    /// nothing.
    Duration farewell = limits::console_farewell;
};

}  // namespace virtlight::console
