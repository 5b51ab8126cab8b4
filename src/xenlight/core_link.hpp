// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <mutex>

#include "async/scheduler.hpp"

namespace virtlight::xenlight {

/// The way back to the core for threads that may outlive it: libxl can keep a thread for longer than anybody
/// waits at the end.
class CoreLink {
 public:
    explicit CoreLink(async::Scheduler& core) : core_(&core) {}

    /// Any thread. Once cut, `work` is dropped.
    void post(async::Work work) {
        const std::scoped_lock lock(mutex_);
        if (core_) core_->post(std::move(work));
    }
    /// After this returns nothing more reaches the core.
    void cut() {
        const std::scoped_lock lock(mutex_);
        core_ = nullptr;
    }

 private:
    std::mutex mutex_;
    async::Scheduler* core_;
};

}  // namespace virtlight::xenlight
