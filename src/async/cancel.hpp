// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace virtlight::async {

namespace detail {
struct CancelState {
    bool cancelled = false;
    std::uint64_t last_key = 0;
    std::map<std::uint64_t, std::move_only_function<void()>> callbacks;
};
}  // namespace detail

/// The receiving end of a wish to stop. A default token is never cancelled. Cheap to copy; stays on one
/// thread.
class CancelToken {
 public:
    /// Takes the callback back when it goes out of scope.
    class Registration {
     public:
        Registration() = default;
        Registration(std::shared_ptr<detail::CancelState> state, std::uint64_t key)
            : state_(std::move(state)), key_(key) {}
        Registration(Registration&& other) noexcept = default;
        Registration& operator=(Registration&& other) noexcept;
        ~Registration() { reset(); }

     private:
        void reset();

        std::shared_ptr<detail::CancelState> state_;
        std::uint64_t key_ = 0;
    };

    CancelToken() = default;
    explicit CancelToken(std::shared_ptr<detail::CancelState> state) : state_(std::move(state)) {}

    bool cancelled() const { return state_ && state_->cancelled; }

    /// Calls `callback` once when the wish comes, at once if it has come already.
    [[nodiscard]] Registration on_cancel(std::move_only_function<void()> callback) const;

 private:
    std::shared_ptr<detail::CancelState> state_;
};

/// The sending end.
class CancelSource {
 public:
    CancelToken token() const { return CancelToken(state_); }
    bool cancelled() const { return state_->cancelled; }
    /// Asks once; further calls do nothing. Callbacks run before this returns, in the order of their
    /// registration.
    void cancel();

 private:
    std::shared_ptr<detail::CancelState> state_ = std::make_shared<detail::CancelState>();
};

}  // namespace virtlight::async
