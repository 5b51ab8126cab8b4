// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cassert>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace virtlight::async {

/// The two ends of an answer that comes later: one side sets it once, the other awaits it once. Either side
/// may be gone first; an answer that nobody waits for any more is dropped. Both ends live on one thread:
/// whoever finishes on another one posts the call of set().
template <class T>
class Completion {
 public:
    /// Resumes the one who awaits. Further calls are ignored: what is done stays as it was.
    void set(T value) const {
        if (state_->value) return;
        state_->value.emplace(std::move(value));
        if (auto waiter = std::exchange(state_->waiter, nullptr)) waiter.resume();
    }

    bool is_set() const { return state_->value.has_value(); }

    auto operator co_await() const noexcept { return Awaiter(state_); }

 private:
    struct State {
        std::optional<T> value;
        std::coroutine_handle<> waiter;
    };

    class [[nodiscard]] Awaiter {
     public:
        explicit Awaiter(std::shared_ptr<State> state) : state_(std::move(state)) {}
        Awaiter(const Awaiter&) = delete;
        Awaiter& operator=(const Awaiter&) = delete;
        ~Awaiter() { state_->waiter = nullptr; }

        bool await_ready() const noexcept { return state_->value.has_value(); }
        void await_suspend(std::coroutine_handle<> waiter) const noexcept {
            assert(!state_->waiter);
            state_->waiter = waiter;
        }
        T await_resume() const { return std::move(*state_->value); }

     private:
        std::shared_ptr<State> state_;
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace virtlight::async
