// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.hpp"

namespace virtlight::async {
namespace {

/// The name under which the kernel keeps our own wake-up descriptor; no DescriptorId is 0.
constexpr std::uint64_t wake_name = 0;

constexpr std::uint32_t kernel_events(short events) {
    return static_cast<std::uint32_t>(events);
}
static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI && EPOLLERR == POLLERR &&
              EPOLLHUP == POLLHUP);

}  // namespace

EventLoop::EventLoop(std::string name)
    : name_(std::move(name)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = wake_name}};
    if (!epoll_ || !wake_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) {
        std::perror("no event loop");
        std::abort();
    }
}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
    while (!stopped_) {
        wait_and_deliver();
        run_due_timers();
        run_posted();
    }
    run_posted();
    stopped_ = false;
}

void EventLoop::stop() {
    stopped_ = true;
    post([] {});
}

void EventLoop::post(Work work) {
    bool first = false;
    {
        const std::scoped_lock lock(posted_mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(work));
    }
    // The loop empties the list in one go, so one wake-up serves all that is posted until then.
    const std::uint64_t one = 1;
    if (first) [[maybe_unused]]
        const auto n = ::write(wake_.get(), &one, sizeof one);
}

TimerId EventLoop::call_at(Time due, Work work) {
    const auto id = queue_.add(due);
    timer_works_[id] = std::move(work);
    return id;
}

void EventLoop::cancel(TimerId id) {
    if (queue_.remove(id)) timer_works_[id] = nullptr;
}

WatchId EventLoop::watch(int fd, short events, Ready ready) {
    const auto added = table_.add(fd, events);
    if (!tell_kernel(added.change)) {
        const int why = errno;
        table_.remove(added.id);
        errno = why;
        return {};
    }
    readies_[added.id] = std::make_shared<Ready>(std::move(ready));
    return added.id;
}

void EventLoop::rewatch(WatchId id, short events) {
    tell_kernel(table_.modify(id, events));
}

void EventLoop::unwatch(WatchId id) {
    if (!table_.contains(id)) return;
    tell_kernel(table_.remove(id));
    // The function may be the one that is running: deliver() keeps it alive until it returns.
    readies_[id] = nullptr;
}

void EventLoop::detect_stalls(Duration limit) {
    stalls_ = std::make_unique<StallDetector>(name_, limit);
}

bool EventLoop::tell_kernel(const FdTable::Change& change) {
    using Kind = FdTable::Change::Kind;
    if (change.kind == Kind::none) return true;
    if (std::erase(unwatched_, change.descriptor) > 0) {
        if (change.kind != Kind::remove) unwatched_.push_back(change.descriptor);
        return true;
    }
    const int operation = change.kind == Kind::add      ? EPOLL_CTL_ADD
                          : change.kind == Kind::modify ? EPOLL_CTL_MOD
                                                        : EPOLL_CTL_DEL;
    epoll_event event{.events = kernel_events(change.events), .data = {.u64 = change.descriptor.value}};
    if (::epoll_ctl(epoll_.get(), operation, change.fd, &event) == 0) return true;
    if (change.kind != Kind::add || errno == EBADF) return false;
    // A regular file, or the kernel is short of something.
    unwatched_.push_back(change.descriptor);
    return true;
}

std::vector<EventLoop::Readiness> EventLoop::ready_unwatched() const {
    std::vector<pollfd> asked;
    for (const auto descriptor : unwatched_) {
        const auto [fd, events] = table_.wish(descriptor);
        asked.push_back({.fd = fd, .events = events, .revents = 0});
    }
    if (!asked.empty()) ::poll(asked.data(), asked.size(), 0);
    std::vector<Readiness> ready;
    for (std::size_t i = 0; i < asked.size(); ++i)
        if (asked[i].revents != 0) ready.push_back({unwatched_[i], asked[i].revents});
    return ready;
}

int EventLoop::wait_milliseconds() const {
    const auto longest = unwatched_.empty() ? milliseconds::max() : limits::unwatched_look;
    const auto next = queue_.next();
    if (!next && unwatched_.empty()) return -1;
    // Rounded up: waking before a timer is due would mean waiting again.
    const auto left = next ? std::chrono::ceil<milliseconds>(*next - now()) : longest;
    const auto wait = std::clamp(left, milliseconds::zero(), longest).count();
    return static_cast<int>(std::min<decltype(wait)>(wait, std::numeric_limits<int>::max()));
}

void EventLoop::wait_and_deliver() {
    const auto ready = ready_unwatched();
    std::array<epoll_event, limits::events_per_wait> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               ready.empty() ? wait_milliseconds() : 0);
    if (stalls_) stalls_->awake();
    for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (event.data.u64 == wake_name) {
            std::uint64_t count = 0;
            [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
        } else {
            deliver(DescriptorId{event.data.u64}, static_cast<short>(event.events));
        }
    }
    for (const auto& [descriptor, revents] : ready)
        deliver(descriptor, revents);
}

void EventLoop::deliver(DescriptorId descriptor, short revents) {
    delivering_ = table_.watches(descriptor);
    for (const auto id : delivering_) {
        // Asked again for each: the function before this one may have taken it away.
        const short wanted = table_.wanted(id, revents);
        if (wanted == 0) continue;
        const auto ready = readies_[id];
        step("fd", [&] { (*ready)(wanted); });
    }
}

void EventLoop::run_due_timers() {
    // One reading of the clock: timers that the works set for "now" wait for the next turn.
    const auto due_until = now();
    while (const auto id = queue_.pop(due_until)) {
        auto work = std::exchange(timer_works_[*id], nullptr);
        step("timer", work);
    }
}

void EventLoop::run_posted() {
    std::vector<Work> works;
    {
        const std::scoped_lock lock(posted_mutex_);
        works.swap(posted_);
    }
    for (auto& work : works)
        step("message", work);
}

template <class Step>
void EventLoop::step(const char* kind, Step&& run) {
    run();
    if (stalls_) stalls_->step_done(kind);
}

}  // namespace virtlight::async
