// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <future>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "async/event_loop.hpp"

namespace virtlight::fake {

/// A thread that does nothing but serve a loop.
class LoopThread {
 public:
    explicit LoopThread(std::string name) : loop_(std::move(name)), thread_([this] { loop_.run(); }) {}
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() {
        loop_.stop();
        thread_.join();
    }

    async::EventLoop& loop() { return loop_; }

    /// Runs `step` on the thread and returns what it returns. On the thread itself: at once.
    template <class Step>
    auto run(Step step) {
        if (std::this_thread::get_id() == thread_.get_id()) return step();
        std::packaged_task<std::invoke_result_t<Step>()> task(std::move(step));
        auto result = task.get_future();
        loop_.post([&task] { task(); });
        return result.get();
    }

 private:
    async::EventLoop loop_;
    std::thread thread_;
};

}  // namespace virtlight::fake
