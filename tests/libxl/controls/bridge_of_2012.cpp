// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/bridge_of_2012.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include <sys/epoll.h>

#include "xenlight/timeout_ledger.hpp"

namespace virtlight::fake {

const libxl_osevent_hooks BridgeOf2012::hooks = {
    .fd_register = fd_register,
    .fd_modify = fd_modify,
    .fd_deregister = fd_deregister,
    .timeout_register = timeout_register,
    .timeout_modify = timeout_modify,
    .timeout_deregister = timeout_deregister,
};

BridgeOf2012::BridgeOf2012() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd(), &event);
    start(&hooks, this);
}

void BridgeOf2012::wait() {
    dispatch_descriptors();
    dispatch_timeouts();
}

void BridgeOf2012::dispatch_descriptors() {
    constexpr int interval_ms = 5;
    std::array<epoll_event, 16> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), interval_ms);
    for (int i = 0; i < n; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        if (const auto* const info = static_cast<Info*>(event.data.ptr))
            libxl_osevent_occurred_fd(context(), info->for_libxl, info->fd, 0,
                                      static_cast<short>(event.events));
    }
}

void BridgeOf2012::dispatch_timeouts() {
    std::vector<Info*> due;
    {
        const std::scoped_lock lock(mutex_);
        const auto later =
            std::ranges::partition(timeouts_, [](const Info* info) { return info->due > Clock::now(); });
        due.assign(later.begin(), later.end());
        timeouts_.erase(later.begin(), later.end());
    }
    for (const auto* const info : due)
        libxl_osevent_occurred_timeout(context(), info->for_libxl);
}

BridgeOf2012::Info* BridgeOf2012::add(int fd, void* for_libxl) {
    const std::scoped_lock lock(mutex_);
    return &infos_.emplace_back(fd, for_libxl);
}

int BridgeOf2012::fd_register(void* self, int fd, void** registration, short events, void* for_libxl) {
    auto& bridge = *static_cast<BridgeOf2012*>(self);
    auto* const info = bridge.add(fd, for_libxl);
    epoll_event event{.events = static_cast<std::uint32_t>(events), .data = {.ptr = info}};
    *registration = info;
    return ::epoll_ctl(bridge.epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : ERROR_OSEVENT_REG_FAIL;
}

int BridgeOf2012::fd_modify(void* self, int fd, void** registration, short events) {
    epoll_event event{.events = static_cast<std::uint32_t>(events), .data = {.ptr = *registration}};
    ::epoll_ctl(static_cast<BridgeOf2012*>(self)->epoll_.get(), EPOLL_CTL_MOD, fd, &event);
    return 0;
}

void BridgeOf2012::fd_deregister(void* self, int fd, void*) {
    ::epoll_ctl(static_cast<BridgeOf2012*>(self)->epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

int BridgeOf2012::timeout_register(void* self, void** registration, timeval at, void* for_libxl) {
    auto& bridge = *static_cast<BridgeOf2012*>(self);
    timeval wall_now{};
    ::gettimeofday(&wall_now, nullptr);
    auto* const info = bridge.add(-1, for_libxl);
    *registration = info;
    const std::scoped_lock lock(bridge.mutex_);
    info->due = xenlight::monotonic_due(at, wall_now, Clock::now());
    bridge.timeouts_.push_back(info);
    return 0;
}

int BridgeOf2012::timeout_modify(void* self, void** registration, timeval) {
    const std::scoped_lock lock(static_cast<BridgeOf2012*>(self)->mutex_);
    static_cast<Info*>(*registration)->due = Clock::now();
    return 0;
}

void BridgeOf2012::timeout_deregister(void*, void*) {
    std::abort();
}

}  // namespace virtlight::fake
