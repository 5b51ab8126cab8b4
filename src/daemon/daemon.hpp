// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/result.hpp"
#include "daemon/settings.hpp"

namespace virtlight::daemon {

/// Runs virtlightd until SIGTERM, SIGINT or SIGHUP (unless that is ignored). Fails if it cannot start; where
/// there is no Xen to manage, with nothing left behind.
///
/// To be called on the main thread before there are others: it blocks the signals that it waits for.
Result<> run(const Settings& settings);

}  // namespace virtlight::daemon
