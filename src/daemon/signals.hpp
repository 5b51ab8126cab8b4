// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "async/scheduler.hpp"
#include "base/file.hpp"
#include "base/result.hpp"

namespace virtlight::daemon {

/// Keeps SIGTERM, SIGINT and SIGHUP (unless it is ignored) for EndSignals, and ignores SIGPIPE. On the main
/// thread before there are others, as threads inherit what is blocked.
void prepare_signals();

/// Turns them into calls on a loop.
class EndSignals {
 public:
    /// Each of the signals calls `end` on the loop's thread. The loop must outlive the result. io: the kernel
    /// refuses; then nothing but SIGKILL would end the daemon.
    static Result<std::unique_ptr<EndSignals>> watch(async::FdScheduler& loop, std::function<void()> end);
    EndSignals(const EndSignals&) = delete;
    EndSignals& operator=(const EndSignals&) = delete;
    ~EndSignals();

 private:
    EndSignals(async::FdScheduler& loop, std::function<void()> end) : loop_(loop), end_(std::move(end)) {}

    void take();

    async::FdScheduler& loop_;
    std::function<void()> end_;
    Fd signals_;
    async::WatchId watch_;
};

}  // namespace virtlight::daemon
