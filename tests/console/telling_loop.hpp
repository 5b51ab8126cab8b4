// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <utility>

#include "async/scheduler.hpp"

namespace virtlight::console {

/// A loop that tells when somebody is about to be watched.
class TellingLoop final : public async::FdScheduler {
 public:
    explicit TellingLoop(async::FdScheduler& loop) : loop_(loop) {}

    std::function<void()> about_to_watch = [] {};

    Time now() const override { return loop_.now(); }
    void post(async::Work work) override { loop_.post(std::move(work)); }
    async::TimerId call_at(Time due, async::Work work) override {
        return loop_.call_at(due, std::move(work));
    }
    void cancel(async::TimerId id) override { loop_.cancel(id); }
    async::WatchId watch(int fd, short events, Ready ready) override {
        about_to_watch();
        return loop_.watch(fd, events, std::move(ready));
    }
    void rewatch(async::WatchId id, short events) override { loop_.rewatch(id, events); }
    void unwatch(async::WatchId id) override { loop_.unwatch(id); }

 private:
    async::FdScheduler& loop_;
};

}  // namespace virtlight::console
