// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/timer_queue.hpp"

#include <utility>

namespace virtlight::async {

TimerId TimerQueue::add(Time due) {
    const auto id = places_.insert(heap_.size());
    heap_.push_back({due, id});
    sift_up(heap_.size() - 1);
    return id;
}

bool TimerQueue::remove(TimerId id) {
    const auto* place = places_.find(id);
    if (!place) return false;
    erase(*place);
    return true;
}

std::optional<Time> TimerQueue::next() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().due;
}

std::optional<TimerId> TimerQueue::pop(Time now) {
    if (heap_.empty() || heap_.front().due > now) return std::nullopt;
    const auto id = heap_.front().id;
    erase(0);
    return id;
}

bool TimerQueue::before(const Entry& a, const Entry& b) {
    return std::pair(a.due, a.id) < std::pair(b.due, b.id);
}

void TimerQueue::place(std::size_t at, const Entry& entry) {
    heap_[at] = entry;
    *places_.find(entry.id) = at;
}

void TimerQueue::sift_up(std::size_t at) {
    const auto entry = heap_[at];
    while (at > 0 && before(entry, heap_[(at - 1) / 2])) {
        place(at, heap_[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(at, entry);
}

void TimerQueue::sift_down(std::size_t at) {
    const auto entry = heap_[at];
    for (;;) {
        auto child = 2 * at + 1;
        if (child >= heap_.size()) break;
        if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
        if (!before(heap_[child], entry)) break;
        place(at, heap_[child]);
        at = child;
    }
    place(at, entry);
}

void TimerQueue::erase(std::size_t at) {
    places_.erase(heap_[at].id);
    const auto last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    place(at, last);
    sift_up(at);
    sift_down(*places_.find(last.id));
}

}  // namespace virtlight::async
