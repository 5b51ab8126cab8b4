// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/scheduler.hpp"
#include "async/scope.hpp"
#include "async/task.hpp"

namespace virtlight::manager {

/// Ends when every task of `scope` has ended (true), or after `bound` (false). `waiters` owns what goes on
/// waiting then.
async::Task<bool> drained_within(async::Scheduler& scheduler, async::Scope& scope, async::Scope& waiters,
                                 Duration bound);

}  // namespace virtlight::manager
