// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/plain_bridge.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "xenlight/timeout_ledger.hpp"

namespace virtlight::fake {
namespace {

PlainBridge& self_of(void* self) {
    return *static_cast<PlainBridge*>(self);
}

void* as_pointer(std::uint64_t id) {
    return std::bit_cast<void*>(id);
}

std::uint64_t as_id(void* pointer) {
    return std::bit_cast<std::uint64_t>(pointer);
}

}  // namespace

const libxl_osevent_hooks PlainBridge::hooks = {
    .fd_register = fd_register,
    .fd_modify = fd_modify,
    .fd_deregister = fd_deregister,
    .timeout_register = timeout_register,
    .timeout_modify = timeout_modify,
    .timeout_deregister = timeout_deregister,
};

PlainBridge::PlainBridge(Mistake mistake) : mistake_(mistake), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = 0}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd(), &event);
    start(&hooks, this);
}

void PlainBridge::wait() {
    deliver_descriptors();
    deliver_regular_files();
    deliver_timeouts();
}

void PlainBridge::deliver_descriptors() {
    std::array<epoll_event, 16> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), until_next());
    for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        const std::uint64_t id = event.data.u64;  // a copy: the kernel's structure is packed
        const auto found = descriptors_.find(id);
        if (found == descriptors_.end()) continue;
        libxl_osevent_occurred_fd(context(), found->second.for_libxl, found->second.fd, 0,
                                  static_cast<short>(event.events));
    }
}

int PlainBridge::until_next() const {
    constexpr auto longest = milliseconds(20);
    if (std::ranges::any_of(descriptors_, [](const auto& each) { return each.second.always_ready; }))
        return 0;
    auto left = Duration(longest);
    for (const auto& timeout : timeouts_)
        left = std::clamp(timeout.due - Clock::now(), Duration::zero(), left);
    return static_cast<int>(std::chrono::ceil<milliseconds>(left).count());
}

bool PlainBridge::is_due(const Timeout& timeout) const {
    if (mistake_ != Mistake::trusts_the_wall_clock) return timeout.due <= Clock::now();
    timeval now{};
    ::gettimeofday(&now, nullptr);
    return !timercmp(&timeout.at, &now, >);
}

void PlainBridge::deliver_regular_files() {
    for (const auto& [id, before] : std::map(descriptors_)) {
        if (!before.always_ready || !descriptors_.contains(id)) continue;
        libxl_osevent_occurred_fd(context(), before.for_libxl, before.fd, 0, POLLIN | POLLOUT);
    }
}

void PlainBridge::deliver_timeouts() {
    if (mistake_ == Mistake::asks_by_the_wall_clock) {
        timeval now{};
        ::gettimeofday(&now, nullptr);
        libxl_osevent_afterpoll(context(), 0, nullptr, now);
    }
    for (;;) {
        const auto due = std::ranges::find_if(timeouts_, [this](const auto& each) { return is_due(each); });
        if (due == timeouts_.end()) return;
        const auto timeout = *due;
        timeouts_.erase(due);
        deliver(timeout);
    }
}

/// Polling, libxl finds by itself what has come due, and forgets nothing. One that it has taken back is at
/// the beginning of time.
void PlainBridge::deliver(const Timeout& timeout) {
    timeval now{};
    ::gettimeofday(&now, nullptr);
    const bool is_the_first = std::ranges::none_of(timeouts_, [&](const auto& each) {
        return timerisset(&each.at) && timercmp(&each.at, &timeout.at, <);
    });
    const bool asks = mistake_ != Mistake::leaves_aborts_be && mistake_ != Mistake::trusts_the_wall_clock;
    if (asks && is_the_first && !timercmp(&timeout.at, &now, >))
        libxl_osevent_afterpoll(context(), 0, nullptr, timeout.at);
    libxl_osevent_occurred_timeout(context(), timeout.for_libxl);
}

int PlainBridge::fd_register(void* self, int fd, void** registration, short events, void* for_libxl) {
    auto& bridge = self_of(self);
    const auto id = ++bridge.last_id_;
    epoll_event event{.events = static_cast<std::uint32_t>(events), .data = {.u64 = id}};
    Descriptor descriptor{.fd = fd, .for_libxl = for_libxl, .always_ready = false, .again = nullptr};
    if (::epoll_ctl(bridge.epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        descriptor.always_ready = errno == EPERM;
        const bool taken = errno == EEXIST && bridge.takes_again(descriptor, event);
        if (!taken && !descriptor.always_ready) return ERROR_OSEVENT_REG_FAIL;
    }
    bridge.descriptors_[id] = std::move(descriptor);
    *registration = as_pointer(id);
    return 0;
}

/// epoll has it already: libxl has registered it twice, or it was left to close() and not closed.
bool PlainBridge::takes_again(Descriptor& descriptor, epoll_event& event) const {
    if (mistake_ == Mistake::leaves_removal_to_close || mistake_ == Mistake::forgets_the_first)
        return ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor.fd, &event) == 0;
    descriptor.again = std::make_shared<const Fd>(::fcntl(descriptor.fd, F_DUPFD_CLOEXEC, 0));
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor.again->get(), &event) == 0;
}

int PlainBridge::fd_modify(void* self, int, void** registration, short events) {
    auto& bridge = self_of(self);
    const auto id = as_id(*registration);
    epoll_event event{.events = static_cast<std::uint32_t>(events), .data = {.u64 = id}};
    ::epoll_ctl(bridge.epoll_.get(), EPOLL_CTL_MOD, bridge.descriptors_.at(id).watched(), &event);
    return 0;
}

void PlainBridge::fd_deregister(void* self, int, void* registration) {
    auto& bridge = self_of(self);
    const auto descriptor = bridge.descriptors_.extract(as_id(registration)).mapped();
    if (bridge.mistake_ != Mistake::leaves_removal_to_close)
        ::epoll_ctl(bridge.epoll_.get(), EPOLL_CTL_DEL, descriptor.watched(), nullptr);
}

int PlainBridge::timeout_register(void* self, void** registration, timeval at, void* for_libxl) {
    auto& bridge = self_of(self);
    timeval wall_now{};
    ::gettimeofday(&wall_now, nullptr);
    const auto id = ++bridge.last_id_;
    bridge.timeouts_.push_back({id, for_libxl, at, xenlight::monotonic_due(at, wall_now, Clock::now())});
    *registration = as_pointer(id);
    return 0;
}

int PlainBridge::timeout_modify(void* self, void** registration, timeval at) {
    auto& bridge = self_of(self);
    const auto found = std::ranges::find(bridge.timeouts_, as_id(*registration), &Timeout::id);
    if (found == bridge.timeouts_.end()) return 0;
    if (bridge.mistake_ == Mistake::delivers_twice) bridge.timeouts_.push_back(*found);
    found->due = Clock::now();
    found->at = at;
    return 0;
}

void PlainBridge::timeout_deregister(void*, void*) {
    std::abort();
}

}  // namespace virtlight::fake
