// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/poll_bridge.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>

#include <poll.h>
#include <sys/eventfd.h>

namespace virtlight::fake {

PollBridge::PollBridge() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    open();
    thread_ = std::thread([this] { serve(); });
}

PollBridge::~PollBridge() {
    stopping_ = true;
    post([] {});
    thread_.join();
    libxl_ctx_free(ctx_);
}

void PollBridge::open() {
    static const libxl_childproc_hooks children = {
        .chldowner = libxl_sigchld_owner_libxl_always_selective_reap,
        .fork_replacement = nullptr,
        .reaped_callback = nullptr,
    };
    static xentoollog_logger silent = {.vmessage = [](auto...) {}, .progress = nullptr, .destroy = nullptr};
    if (libxl_ctx_alloc(&ctx_, LIBXL_VERSION, 0, &silent) != 0) std::abort();
    libxl_childproc_setmode(ctx_, &children, nullptr);
}

void PollBridge::call(const std::function<void(libxl_ctx*)>& call) {
    std::promise<void> done;
    auto ended = done.get_future();
    post([&] {
        call(ctx_);
        done.set_value();
    });
    ended.wait();
}

void PollBridge::post(std::function<void()> step) {
    {
        const std::scoped_lock lock(mutex_);
        steps_.push_back(std::move(step));
    }
    ::eventfd_write(wake_.get(), 1);
}

void PollBridge::serve() {
    while (!stopping_) {
        poll_once();
        std::vector<std::function<void()>> steps;
        {
            const std::scoped_lock lock(mutex_);
            steps.swap(steps_);
        }
        for (const auto& step : steps)
            step();
    }
}

void PollBridge::poll_once() {
    // Time may be made to pass without poll(2) hearing of it.
    constexpr int longest_ms = 20;
    std::array<pollfd, 32> fds;
    int count = fds.size() - 1;
    int timeout_ms = longest_ms;
    timeval now{};
    ::gettimeofday(&now, nullptr);
    if (libxl_osevent_beforepoll(ctx_, &count, fds.data(), &timeout_ms, now) != 0) std::abort();
    const auto own = static_cast<std::size_t>(count);
    fds[own] = {wake_.get(), POLLIN, 0};
    if (timeout_ms < 0) timeout_ms = longest_ms;
    ::poll(fds.data(), own + 1, std::min(timeout_ms, longest_ms));
    if (eventfd_t wakes = 0; fds[own].revents) ::eventfd_read(wake_.get(), &wakes);
    ::gettimeofday(&now, nullptr);
    libxl_osevent_afterpoll(ctx_, count, fds.data(), now);
}

}  // namespace virtlight::fake
