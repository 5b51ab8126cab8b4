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

/// The reference: libxl says before each poll(2) what it waits for and is told the result after it, so there
/// are no hooks and nothing that could race with them. libxl's own tool xl works so.
class PollBridge final : public Bridge {
 public:
    PollBridge();
    ~PollBridge() override;

    void call(const std::function<void(libxl_ctx*)>& call) override;
    void post(std::function<void()> step) override;

 private:
    void open();
    void serve();
    void poll_once();

    Fd wake_;
    libxl_ctx* ctx_ = nullptr;
    std::mutex mutex_;
    std::vector<std::function<void()>> steps_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace virtlight::fake
