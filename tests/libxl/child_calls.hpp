// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include <sys/types.h>

#include "base/file.hpp"

namespace virtlight::fake {

/// libxl destroys a domain in a forked child, whose memory is a copy, and starts another program to save one:
/// what they ask of the hypervisor has to reach the one of the parent. The child sends a message and waits
/// for the answer.
class ChildCalls {
 public:
    enum class Call { destroy, check_suspended };
    /// What is asked of the hypervisor: 0 or an errno.
    using Answer = std::function<int(Call call, unsigned domid)>;

    /// `answer` is called on a thread of its own for each child that asks.
    explicit ChildCalls(Answer answer);
    ChildCalls(const ChildCalls&) = delete;
    ChildCalls& operator=(const ChildCalls&) = delete;
    ~ChildCalls();

    /// The child that has asked last; 0: none has.
    static pid_t last_caller();

    /// Whether this process is a child of the one with the hypervisor.
    static bool in_child();
    /// In a child: the answer of `parent`.
    static int destroy(unsigned domid);
    static int check_suspended(pid_t parent, unsigned domid);

 private:
    void serve();
    void answer(const Fd& child) const;

    Answer answer_;
    std::mutex mutex_;
    std::condition_variable answered_;
    unsigned callers_ = 0;
    Fd listener_;
    std::jthread thread_;
};

}  // namespace virtlight::fake
