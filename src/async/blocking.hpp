// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "async/completion.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"

namespace virtlight::async {

/// Where work goes that may block (files, name look-ups), so that a loop's thread never does.
class Blocking {
 public:
    virtual ~Blocking() = default;
    /// Runs `work` elsewhere, later. Thread-safe.
    virtual void submit(Work work) = 0;
};

/// Threads of its own. With one thread, work is done in the order of submission.
class BlockingThreads final : public Blocking {
 public:
    explicit BlockingThreads(unsigned threads);
    /// Does what was submitted, then ends the threads.
    ~BlockingThreads() override;

    void submit(Work work) override;
    /// Waits for what was submitted, but no longer than `patience`; false: some of it is not done.
    bool idle_within(Duration patience);

 private:
    void serve();

    std::mutex mutex_;
    std::condition_variable waiting_;
    std::condition_variable done_;
    std::deque<Work> works_;
    unsigned working_ = 0;
    bool closing_ = false;
    std::vector<std::jthread> threads_;
};

/// Does blocking work as a step of a loop: for virtual time, where nothing takes any.
class BlockingInline final : public Blocking {
 public:
    explicit BlockingInline(Scheduler& scheduler) : scheduler_(scheduler) {}
    void submit(Work work) override { scheduler_.post(std::move(work)); }

 private:
    Scheduler& scheduler_;
};

/// Runs `function` on `blocking` and resumes on `scheduler` with what it returned. `function` must own what
/// it uses: it is run even if the caller is gone.
template <class Function>
auto run_blocking(Blocking& blocking, Scheduler& scheduler, Function function)
    -> Task<std::invoke_result_t<Function>> {
    using T = std::invoke_result_t<Function>;
    const Completion<T> done;
    // The completion belongs to the loop's thread, so its handle travels inside the message and is not
    // shared.
    blocking.submit([&scheduler, done, function = std::move(function)]() mutable {
        auto value = function();
        scheduler.post(
            [done = std::move(done), value = std::move(value)]() mutable { done.set(std::move(value)); });
    });
    co_return co_await done;
}

}  // namespace virtlight::async
