// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/workers.hpp"

#include "base/limits.hpp"

namespace virtlight::xenlight {

Workers::Workers(std::string_view name, unsigned count, async::Scheduler& core,
                 std::shared_ptr<CoreLink> link)
    : link_(std::move(link)), pool_(std::make_shared<Pool>()) {
    for (unsigned i = 0; i < count; ++i) {
        pool_->threads.push_back(std::make_unique<ContextThread>(fmt::format("{}-{}", name, i), core, link_));
        pool_->free.push_back(pool_->threads.back().get());
    }
}

async::Task<Result<Workers::Loan>> Workers::borrow(async::CancelToken cancel) {
    if (!pool_->free.empty()) {
        auto* const thread = pool_->free.back();
        pool_->free.pop_back();
        co_return lend(pool_, link_, thread);
    }
    if (pool_->waiting.size() >= limits::waiting_operations)
        co_return fail(Reason::too_many, "{} operations wait for libxl already", pool_->waiting.size());

    const Waiter waiter{.id = pool_->ids.next(), .turn = {}};
    pool_->waiting.push_back(waiter);
    const auto cancelled = cancel.on_cancel([&] {
        std::erase_if(pool_->waiting, [&](const Waiter& each) { return each.id == waiter.id; });
        waiter.turn.set(fail(Reason::cancelled, "cancelled while waiting for a free libxl context"));
    });
    co_return co_await waiter.turn;
}

Workers::Loan Workers::lend(const std::shared_ptr<Pool>& pool, const std::shared_ptr<CoreLink>& link,
                            ContextThread* thread) {
    // Given back by a message, as the last copy may go on another thread.
    return {thread, [weak = std::weak_ptr(pool), link](ContextThread* returned) {
                link->post([weak, link, returned] {
                    const auto home = weak.lock();
                    if (!home) return;
                    if (home->waiting.empty()) return home->free.push_back(returned);
                    const auto next = std::move(home->waiting.front());
                    home->waiting.pop_front();
                    next.turn.set(lend(home, link, returned));
                });
            }};
}

}  // namespace virtlight::xenlight
