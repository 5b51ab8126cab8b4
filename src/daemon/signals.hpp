// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "async/scheduler.hpp"
#include "base/file.hpp"

namespace virtlight::daemon {

/// Turns SIGTERM and SIGINT into a call on a loop, and ignores SIGPIPE. Made on the main thread before there
/// are others, as threads inherit what is blocked.
class Signals {
 public:
    Signals();

    /// From here on each signal that ends the daemon calls `end` on the loop's thread. The loop must outlive
    /// this.
    void on_end(async::FdScheduler& loop, std::function<void()> end);
    ~Signals();

 private:
    Fd signals_;
    async::FdScheduler* loop_ = nullptr;
    async::WatchId watch_;
};

}  // namespace virtlight::daemon
