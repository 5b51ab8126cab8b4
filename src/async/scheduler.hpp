// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace virtlight::async {

using TimerId = Id<struct TimerTag>;
using WatchId = Id<struct WatchTag>;

/// A step to be run on the thread that owns a loop.
using Work = std::move_only_function<void()>;

/// What runs steps one after another on one thread, and knows the time. The daemon's is an EventLoop; a
/// test's is a VirtualLoop, whose time passes as fast as the work is done.
class Scheduler {
 public:
    virtual ~Scheduler() = default;

    virtual Time now() const = 0;

    /// Runs `work` after this step, in the order of posting. The only member that any thread may call.
    virtual void post(Work work) = 0;

    /// Runs `work` once, not before `due`, unless it is cancelled first.
    virtual TimerId call_at(Time due, Work work) = 0;

    /// After this returns, the work will not run. An id that has fired or is unknown is ignored.
    virtual void cancel(TimerId id) = 0;
};

/// A scheduler that also waits for file descriptors.
class FdScheduler : public Scheduler {
 public:
    using Ready = std::move_only_function<void(short revents)>;

    /// Calls `ready` as long as any of `events` (POLLIN, POLLOUT, ...) is true of `fd` (level-triggered). An
    /// fd may be watched several times, with events 0 (then nothing is reported, not even a hang-up), and may
    /// be a regular file (always ready). What the kernel cannot watch (it is short of memory, or of watches)
    /// is asked for every now and then, so that nothing is missed. Returns id 0 and sets errno if it is no
    /// descriptor.
    virtual WatchId watch(int fd, short events, Ready ready) = 0;
    /// Cannot fail: as for watch().
    virtual void rewatch(WatchId id, short events) = 0;
    /// After this returns `ready` is not called again and the kernel no longer knows the registration, so
    /// that the number may be closed and reused at once. Must come before the fd is closed.
    virtual void unwatch(WatchId id) = 0;
};

}  // namespace virtlight::async
