// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/cancel.hpp"

namespace virtlight::async {

CancelToken::Registration& CancelToken::Registration::operator=(Registration&& other) noexcept {
    if (this != &other) {
        reset();
        state_ = std::exchange(other.state_, nullptr);
        key_ = other.key_;
    }
    return *this;
}

void CancelToken::Registration::reset() {
    if (const auto state = std::exchange(state_, nullptr)) state->callbacks.erase(key_);
}

CancelToken::Registration CancelToken::on_cancel(std::move_only_function<void()> callback) const {
    if (!state_) return {};
    if (state_->cancelled) {
        callback();
        return {};
    }
    const auto key = ++state_->last_key;
    state_->callbacks.emplace(key, std::move(callback));
    return {state_, key};
}

void CancelSource::cancel() {
    if (std::exchange(state_->cancelled, true)) return;
    const auto state = state_;  // a callback may destroy this source
    while (!state->callbacks.empty()) {
        // Taken out first: a callback may take back others, but not itself while it runs.
        auto first = state->callbacks.extract(state->callbacks.begin());
        first.mapped()();
    }
}

}  // namespace virtlight::async
