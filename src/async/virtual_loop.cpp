// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/virtual_loop.hpp"

#include <algorithm>
#include <utility>

namespace virtlight::async {

TimerId VirtualLoop::call_at(Time due, Work work) {
    const auto id = queue_.add(due);
    timer_works_[id] = std::move(work);
    return id;
}

void VirtualLoop::cancel(TimerId id) {
    if (queue_.remove(id)) timer_works_[id] = nullptr;
}

bool VirtualLoop::step(Time until) {
    if (!posted_.empty()) {
        auto work = std::move(posted_.front());
        posted_.pop_front();
        work();
        return true;
    }
    const auto next = queue_.next();
    if (!next || *next > until) return false;
    now_ = std::max(now_, *next);
    const auto id = *queue_.pop(now_);
    auto work = std::exchange(timer_works_[id], nullptr);
    work();
    return true;
}

void VirtualLoop::run_for(Duration duration) {
    const auto end = now_ + duration;
    while (step(end)) {
    }
    now_ = end;
}

bool VirtualLoop::run_until(const std::function<bool()>& done, Duration bound) {
    const auto end = now_ + bound;
    while (!done() && step(end)) {
    }
    return done();
}

}  // namespace virtlight::async
