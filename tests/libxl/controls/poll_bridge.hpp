// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libxl/controls/thread_bridge.hpp"

namespace virtlight::fake {

/// The reference: libxl says before each poll(2) what it waits for and is told the result after it, so there
/// are no hooks and nothing that could race with them. libxl's own tool xl works so.
class PollBridge final : public ThreadBridge {
 public:
    PollBridge() { start(); }
    ~PollBridge() override { stop(); }

 private:
    void wait() override;
};

}  // namespace virtlight::fake
