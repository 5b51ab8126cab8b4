// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "async/fd_table.hpp"
#include "async/scheduler.hpp"
#include "async/slots.hpp"
#include "async/stall_detector.hpp"
#include "async/timer_queue.hpp"
#include "base/file.hpp"

namespace virtlight::async {

/// A FdScheduler on epoll. The thread that calls run() owns it; other threads may only post() and stop().
///
/// The decisions are the pure FdTable's and TimerQueue's; this adds the kernel and the functions to call.
/// What the kernel is given to name a descriptor is a DescriptorId, never a pointer or a number that can be
/// used again.
class EventLoop final : public FdScheduler {
 public:
    /// `name` is how stalls speak of the loop. Aborts if the kernel has no epoll instance or eventfd to give.
    explicit EventLoop(std::string name);
    ~EventLoop() override;

    /// Serves until stop(); what is posted before stop() is still run. Each stop() ends one run(), also one
    /// that is still to come.
    void run();
    /// Any thread.
    void stop();

    Time now() const override { return Clock::now(); }
    void post(Work work) override;
    TimerId call_at(Time due, Work work) override;
    void cancel(TimerId id) override;
    WatchId watch(int fd, short events, Ready ready) override;
    void rewatch(WatchId id, short events) override;
    void unwatch(WatchId id) override;

    /// Reports steps of this loop over `limit`; see StallDetector. Call before run().
    void detect_stalls(Duration limit);
    const StallDetector* stalls() const { return stalls_.get(); }

    std::size_t watches() const { return table_.size(); }
    std::size_t timers() const { return queue_.size(); }

 private:
    bool tell_kernel(const FdTable::Change& change);
    struct Readiness {
        DescriptorId descriptor;
        short revents = 0;
    };
    std::vector<Readiness> ready_unwatched() const;
    int wait_milliseconds() const;
    void wait_and_deliver();
    void run_due_timers();
    void run_posted();
    void deliver(DescriptorId descriptor, short revents);
    template <class Step>
    void step(const char* kind, Step&& run);

    std::string name_;
    Fd epoll_;
    Fd wake_;
    FdTable table_;
    TimerQueue queue_;
    BySlot<WatchId, std::shared_ptr<Ready>> readies_;
    BySlot<TimerId, Work> timer_works_;
    std::vector<DescriptorId> unwatched_;  ///< what epoll refuses, as regular files, and poll() knows
    std::vector<WatchId> delivering_;
    std::unique_ptr<StallDetector> stalls_;

    std::mutex posted_mutex_;
    std::vector<Work> posted_;
    std::atomic<bool> stopped_ = false;
};

}  // namespace virtlight::async
