// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "libxl/bridge.hpp"

namespace virtlight::fake {

/// A thread that owns a libxl context. How it waits for events and tells libxl of them is left to the bridges
/// made of it.
class ThreadBridge : public Bridge {
 public:
    void call(const std::function<void(libxl_ctx*)>& call) override;
    void post(std::function<void()> step) override;

 protected:
    ThreadBridge();

    /// Opens the context, with `hooks` unless null, and starts the thread: the constructor's last step.
    void start(const libxl_osevent_hooks* hooks = nullptr, void* user = nullptr);
    /// Ends the thread and frees the context: the destructor's first step.
    void stop();

    /// Waits for events and for wake_fd(), whichever is first, and tells libxl. Called over and over, on the
    /// thread.
    virtual void wait() = 0;

    libxl_ctx* context() const { return ctx_; }
    /// Readable when there are steps to run.
    int wake_fd() const { return wake_.get(); }

 private:
    void serve();

    Fd wake_;
    libxl_ctx* ctx_ = nullptr;
    std::mutex mutex_;
    std::vector<std::function<void()>> steps_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace virtlight::fake
