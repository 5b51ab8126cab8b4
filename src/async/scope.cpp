// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/scope.hpp"

#include <cstdio>
#include <cstdlib>

namespace virtlight::async {

/// A coroutine that frees its own frame at its end.
struct Scope::Detached {
    struct promise_type {
        Detached get_return_object() noexcept {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };

    std::coroutine_handle<> frame;
};

Scope::~Scope() {
    if (running_.empty()) return;
    std::fprintf(stderr, "a scope was destroyed with %zu tasks in flight\n", running_.size());
    std::abort();
}

void Scope::spawn(Task<> task) {
    const auto place = running_.emplace(running_.end());
    *place = run(std::move(task), place).frame;
    place->resume();
}

Scope::Detached Scope::run(Task<> task, Running::iterator place) {
    {
        // The frame of the task must be gone before the scope counts it as ended.
        Task<> own = std::move(task);
        co_await std::move(own);
    }
    ended(place);
}

void Scope::ended(Running::iterator place) {
    running_.erase(place);
    if (!running_.empty()) return;
    // The first to be resumed may be the end of this scope.
    for (const auto& idle : std::exchange(idle_, {}))
        idle.set(true);
}

void Scope::drop() {
    while (!running_.empty()) {
        const auto frame = running_.front();
        running_.pop_front();
        frame.destroy();
    }
}

Task<> Scope::drained() {
    while (!running_.empty()) {
        const auto idle = idle_.emplace_back();
        co_await idle;
    }
}

}  // namespace virtlight::async
