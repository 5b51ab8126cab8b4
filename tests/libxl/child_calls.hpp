// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/file.hpp"

namespace virtlight::fake {

/// libxl destroys a domain in a forked child, whose memory is a copy: what it does to the hypervisor there
/// has to reach the one of the parent. The child sends a message and waits for the answer.
class ChildCalls {
 public:
    /// `destroy` is called on a thread of its own for each child that asks, and returns 0 or an errno.
    explicit ChildCalls(std::function<int(unsigned domid)> destroy);
    ChildCalls(const ChildCalls&) = delete;
    ChildCalls& operator=(const ChildCalls&) = delete;
    ~ChildCalls();

    /// Whether this process is a child of the one with the hypervisor.
    static bool in_child();
    /// In a child: 0 or an errno.
    static int destroy(unsigned domid);

 private:
    void serve();
    void answer(const Fd& child) const;

    std::function<int(unsigned)> destroy_;
    std::mutex mutex_;
    std::condition_variable answered_;
    unsigned callers_ = 0;
    Fd listener_;
    std::jthread thread_;
};

}  // namespace virtlight::fake
