// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cerrno>
#include <functional>
#include <map>
#include <vector>

#include <poll.h>

#include "async/scheduler.hpp"
#include "async/virtual_loop.hpp"

namespace virtlight::test {

/// A loop with real descriptors and virtual time: time passes only when nothing is ready, so that a minute in
/// libxl takes no time. Driven step by step by a test.
class PollLoop final : public async::FdScheduler {
 public:
    Time now() const override { return virtual_.now(); }
    void post(async::Work work) override { virtual_.post(std::move(work)); }
    async::TimerId call_at(Time due, async::Work work) override {
        ++timers_set_;
        return virtual_.call_at(due, std::move(work));
    }
    void cancel(async::TimerId id) override { virtual_.cancel(id); }

    async::WatchId watch(int fd, short events, Ready ready) override {
        if (refuse_watches) {
            errno = EBADF;
            return {};
        }
        const auto id = ids_.next();
        watches_.emplace(id, Watch{fd, events, std::make_shared<Ready>(std::move(ready))});
        return id;
    }
    void rewatch(async::WatchId id, short events) override {
        if (const auto found = watches_.find(id); found != watches_.end()) found->second.events = events;
    }
    void unwatch(async::WatchId id) override { watches_.erase(id); }

    std::size_t watches() const { return watches_.size(); }
    std::size_t timers_set() const { return timers_set_; }

    /// Delivers what is ready now; true if there was anything.
    bool serve_descriptors() {
        std::vector<pollfd> fds;
        std::vector<async::WatchId> ids;
        for (const auto& [id, watch] : watches_) {
            if (watch.events == 0) continue;
            fds.push_back({.fd = watch.fd, .events = watch.events, .revents = 0});
            ids.push_back(id);
        }
        ::poll(fds.data(), fds.size(), 0);
        bool any = false;
        for (std::size_t i = 0; i < fds.size(); ++i) {
            const auto found = watches_.find(ids[i]);
            if (fds[i].revents == 0 || found == watches_.end()) continue;
            any = true;
            const auto ready = found->second.ready;
            (*ready)(fds[i].revents);
        }
        return any;
    }

    /// Lets everything happen that happens within `duration`.
    void run_for(Duration duration) {
        const auto end = now() + duration;
        while (serve_descriptors() || virtual_.step(end)) {
        }
        virtual_.run_for(end - now());
    }

    /// Waits in real time for what a child process does; false if it takes too long.
    bool wait_for(const std::function<bool()>& done) {
        for (int i = 0; i < 1000 && !done(); ++i) {
            if (serve_descriptors()) continue;
            std::vector<pollfd> fds;
            for (const auto& [id, watch] : watches_)
                fds.push_back({.fd = watch.fd, .events = watch.events, .revents = 0});
            ::poll(fds.data(), fds.size(), 10);
        }
        return done();
    }

    bool refuse_watches = false;

 private:
    struct Watch {
        int fd;
        short events;
        std::shared_ptr<Ready> ready;
    };

    async::VirtualLoop virtual_;
    IdSource<struct async::WatchTag> ids_;
    std::map<async::WatchId, Watch> watches_;
    std::size_t timers_set_ = 0;
};

}  // namespace virtlight::test
