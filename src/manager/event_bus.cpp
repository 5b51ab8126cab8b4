// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/event_bus.hpp"

#include <utility>

namespace virtlight::manager {

EventBus::ListenerId EventBus::subscribe(Listener listener) {
    last_ = ids_.next();
    listeners_.emplace(last_, std::make_shared<const Listener>(std::move(listener)));
    return last_;
}

void EventBus::publish(domain::Event event) {
    pending_.push_back({std::move(event), last_});
    if (std::exchange(delivering_, true)) return;
    for (; !pending_.empty(); pending_.pop_front())
        deliver(pending_.front());
    delivering_ = false;
}

void EventBus::deliver(const Pending& pending) {
    ListenerId told{};
    for (;;) {
        // Found anew each time: the listener before may have taken back this one.
        const auto next = listeners_.upper_bound(told);
        if (next == listeners_.end() || next->first > pending.last) return;
        told = next->first;
        const auto listener = next->second;
        (*listener)(pending.event);
    }
}

}  // namespace virtlight::manager
