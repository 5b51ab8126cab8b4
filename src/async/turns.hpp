// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>

#include "async/cancel.hpp"
#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"

namespace virtlight::async {

/// Lets one caller at a time do something, in the order of asking. All on the scheduler's thread; the
/// scheduler must outlive the turns.
class Turns {
 public:
    explicit Turns(Scheduler& scheduler) : state_(std::make_shared<State>(scheduler)) {}

    /// A caller's turn, which lasts until the last copy is gone. Null: none was given.
    using Turn = std::shared_ptr<const void>;

    /// Waits for a turn; null if that is cancelled.
    Task<Turn> take(CancelToken cancel) {
        if (cancel.cancelled()) co_return Turn();
        const auto state = state_;
        const Waiter waiter{.id = ++state->last_id, .turn = {}};
        state->waiting.push_back(waiter);
        const auto cancelled = cancel.on_cancel([state, waiter] {
            std::erase_if(state->waiting, [&](const Waiter& each) { return each.id == waiter.id; });
            waiter.turn.set({});
        });
        if (!state->taken) next(state);
        co_return co_await waiter.turn;
    }

    std::size_t waiting() const { return state_->waiting.size(); }

 private:
    struct Waiter {
        std::uint64_t id;
        Completion<Turn> turn;
    };
    struct State {
        explicit State(Scheduler& runs_on) : scheduler(runs_on) {}

        Scheduler& scheduler;
        std::deque<Waiter> waiting{};
        bool taken = false;
        std::uint64_t last_id = 0;
    };

    static void next(const std::shared_ptr<State>& state) {
        state->taken = !state->waiting.empty();
        if (!state->taken) return;
        const auto waiter = std::move(state->waiting.front());
        state->waiting.pop_front();
        // By a step of its own: whoever gives a turn back is in the middle of something.
        waiter.turn.set(
            Turn(state.get(), [state](const void*) { state->scheduler.post([state] { next(state); }); }));
    }

    std::shared_ptr<State> state_;
};

}  // namespace virtlight::async
