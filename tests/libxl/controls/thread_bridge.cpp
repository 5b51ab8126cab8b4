// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/thread_bridge.hpp"

#include <cstdlib>
#include <future>

#include <sys/eventfd.h>

namespace virtlight::fake {

ThreadBridge::ThreadBridge() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void ThreadBridge::start(const libxl_osevent_hooks* hooks, void* user) {
    static const libxl_childproc_hooks children = {
        .chldowner = libxl_sigchld_owner_libxl_always_selective_reap,
        .fork_replacement = nullptr,
        .reaped_callback = nullptr,
    };
    static xentoollog_logger silent = {.vmessage = [](auto...) {}, .progress = nullptr, .destroy = nullptr};
    if (libxl_ctx_alloc(&ctx_, LIBXL_VERSION, 0, &silent) != 0) std::abort();
    if (hooks) libxl_osevent_register_hooks(ctx_, hooks, user);
    libxl_childproc_setmode(ctx_, &children, nullptr);
    thread_ = std::thread([this] { serve(); });
}

void ThreadBridge::stop() {
    stopping_ = true;
    post([] {});
    thread_.join();
    libxl_ctx_free(ctx_);
}

void ThreadBridge::call(const std::function<void(libxl_ctx*)>& call) {
    std::promise<void> done;
    auto ended = done.get_future();
    post([&] {
        call(ctx_);
        done.set_value();
    });
    ended.wait();
}

void ThreadBridge::post(std::function<void()> step) {
    {
        const std::scoped_lock lock(mutex_);
        steps_.push_back(std::move(step));
    }
    ::eventfd_write(wake_.get(), 1);
}

void ThreadBridge::serve() {
    while (!stopping_) {
        wait();
        eventfd_t wakes = 0;
        ::eventfd_read(wake_.get(), &wakes);
        std::vector<std::function<void()>> steps;
        {
            const std::scoped_lock lock(mutex_);
            steps.swap(steps_);
        }
        for (const auto& step : steps)
            step();
    }
}

}  // namespace virtlight::fake
