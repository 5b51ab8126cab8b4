// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/drained.hpp"

#include "async/completion.hpp"

namespace virtlight::manager {
namespace {

async::Task<> tell(async::Scheduler& scheduler, async::Scope& scope, async::Completion<bool> done) {
    co_await scope.drained();
    // As a step of its own: whoever hears it may destroy the scopes, and this task is in one.
    scheduler.post([done] { done.set(true); });
}

}  // namespace

async::Task<bool> drained_within(async::Scheduler& scheduler, async::Scope& scope, async::Scope& waiters,
                                 Duration bound) {
    const async::Completion<bool> done;
    waiters.spawn(tell(scheduler, scope, done));
    const auto timer = scheduler.call_at(scheduler.now() + bound, [done] { done.set(false); });
    const bool drained = co_await done;
    scheduler.cancel(timer);
    co_return drained;
}

}  // namespace virtlight::manager
