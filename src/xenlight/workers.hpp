// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "xenlight/context_thread.hpp"

namespace virtlight::xenlight {

/// Contexts for long operations, each on loan to one operation at a time. Lives on the core thread.
class Workers {
 public:
    /// A context on loan. It returns when the last copy is gone, on whatever thread: what libxl still works
    /// on holds one.
    using Loan = std::shared_ptr<ContextThread>;

    /// `name` and a number are the names of the threads.
    Workers(std::string_view name, unsigned count, async::Scheduler& core, std::shared_ptr<CoreLink> link);

    /// Waits for a free context, in the order of asking. too_many: limits::waiting_operations wait already;
    /// cancelled.
    async::Task<Result<Loan>> borrow(async::CancelToken cancel);

    std::size_t free() const { return pool_->free.size(); }

 private:
    using WaiterId = Id<struct WaiterTag>;
    struct Waiter {
        WaiterId id;
        async::Completion<Result<Loan>> turn;
    };
    struct Pool {
        std::vector<std::unique_ptr<ContextThread>> threads;
        std::vector<ContextThread*> free;
        std::deque<Waiter> waiting;
        IdSource<struct WaiterTag> ids;
    };

    static Loan lend(const std::shared_ptr<Pool>& pool, const std::shared_ptr<CoreLink>& link,
                     ContextThread* thread);

    std::shared_ptr<CoreLink> link_;
    std::shared_ptr<Pool> pool_;
};

/// Of a context that is everybody's, where a loan is wanted: it keeps nothing from anybody, and must not
/// outlive the thread.
inline Workers::Loan not_on_loan(ContextThread& thread) {
    return {Workers::Loan(), &thread};
}

/// `start`, which keeps the context on loan for as long as libxl works on it.
inline Operations::Start keeping(Workers::Loan thread, Operations::Start start) {
    return [thread = std::move(thread), start = std::move(start)](
               libxl_ctx* ctx, const libxl_asyncop_how* how) mutable { return start(ctx, how); };
}

/// ContextThread::call() of a context that stays on loan until the call has ended, although nobody may wait
/// for it any more: a thread that hangs, as in a file of a server that is gone, is lent to nobody else.
template <class Function>
auto call(Workers::Loan worker, Function function) {
    auto& thread = *worker;
    return thread.call([worker = std::move(worker), function = std::move(function)](
                           Context& context) mutable { return function(context); });
}

}  // namespace virtlight::xenlight
