// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/scope.hpp"

#include <cstdio>
#include <cstdlib>

namespace virtlight::async {

/// A coroutine that starts at once and frees its own frame at its end.
struct Scope::Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

Scope::~Scope() {
    if (in_flight_ == 0) return;
    std::fprintf(stderr, "a scope was destroyed with %zu tasks in flight\n", in_flight_);
    std::abort();
}

void Scope::spawn(Task<> task) {
    ++in_flight_;
    run(std::move(task));
}

Scope::Detached Scope::run(Task<> task) {
    {
        // The frame of the task must be gone before the scope counts it as ended.
        Task<> own = std::move(task);
        co_await std::move(own);
    }
    ended();
}

void Scope::ended() {
    if (--in_flight_ > 0 || !idle_) return;
    const auto idle = *std::exchange(idle_, std::nullopt);
    idle.set(true);
}

Task<> Scope::drained() {
    while (in_flight_ > 0) {
        if (!idle_) idle_.emplace();
        const auto idle = *idle_;
        co_await idle;
    }
}

}  // namespace virtlight::async
