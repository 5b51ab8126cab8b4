// SPDX-License-Identifier: LGPL-2.1-or-later
// What registration, modification and dispatch cost on our event loop, on libvirt's, and on bare epoll as the
// limit: the same work on each, one after the other in one process, with ratios. Run:
// build/release/bin/bench_event_core
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <libvirt/libvirt.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "async/event_loop.hpp"

namespace {

using virtlight::Clock;
using virtlight::Fd;
using virtlight::Time;
using virtlight::async::EventLoop;

/// One loop under test. Handles are numbered as they were added. `serve` runs until `done` says so; each
/// ready handle is told to `ready`.
class Contender {
 public:
    std::function<void(std::size_t handle)> ready;

    virtual ~Contender() = default;
    virtual void add(int fd) = 0;
    virtual void modify(std::size_t handle, short events) = 0;
    virtual void remove(std::size_t handle) = 0;
    virtual void serve(const bool& done) = 0;
    /// Sets a timer, serves until it has run, and returns when it ran.
    virtual Time run_timer(Time due) = 0;
    /// Timers that will not run for an hour, to stand in the way.
    virtual void add_idle_timers(std::size_t count) = 0;
};

class OurLoop final : public Contender {
 public:
    void add(int fd) override {
        const auto handle = watches_.size();
        watches_.push_back(loop_->watch(fd, POLLIN, [this, handle](short) {
            ready(handle);
            if (*done_) loop_->stop();
        }));
    }
    void modify(std::size_t handle, short events) override { loop_->rewatch(watches_[handle], events); }
    void remove(std::size_t handle) override { loop_->unwatch(watches_[handle]); }
    void serve(const bool& done) override {
        done_ = &done;
        loop_->run();
    }
    Time run_timer(Time due) override {
        Time ran;
        EventLoop& loop = *loop_;
        loop.call_at(due, [&] {
            ran = Clock::now();
            loop.stop();
        });
        loop.run();
        return ran;
    }
    void add_idle_timers(std::size_t count) override {
        for (std::size_t i = 0; i < count; ++i)
            loop_->call_at(Clock::now() + std::chrono::hours(1), [] {});
    }

 private:
    std::unique_ptr<EventLoop> loop_ = std::make_unique<EventLoop>("bench");
    std::vector<virtlight::async::WatchId> watches_;
    const bool* done_ = nullptr;
};

/// libvirt's default loop, through its public interface. It cannot be made twice in a process, so handles and
/// timers are taken out when a measurement ends.
class LibvirtLoop final : public Contender {
 public:
    ~LibvirtLoop() override {
        for (const int timer : timers_)
            virEventRemoveTimeout(timer);
        for (const int handle : handles_)
            if (handle >= 0) virEventRemoveHandle(handle);
        for (int i = 0; i < 3; ++i) {  // removals are finished by the loop itself
            const int soon = virEventAddTimeout(0, [](int, void*) {}, nullptr, nullptr);
            virEventRunDefaultImpl();
            virEventRemoveTimeout(soon);
        }
    }
    void add(int fd) override {
        slots_.push_back(std::make_unique<Slot>(Slot{this, handles_.size()}));
        handles_.push_back(virEventAddHandle(
            fd, VIR_EVENT_HANDLE_READABLE,
            [](int, int, int, void* opaque) {
                const auto* slot = static_cast<Slot*>(opaque);
                slot->owner->ready(slot->handle);
            },
            slots_.back().get(), nullptr));
    }
    void modify(std::size_t handle, short events) override {
        virEventUpdateHandle(handles_[handle], events ? VIR_EVENT_HANDLE_READABLE : 0);
    }
    void remove(std::size_t handle) override { virEventRemoveHandle(std::exchange(handles_[handle], -1)); }
    void serve(const bool& done) override {
        while (!done)
            virEventRunDefaultImpl();
    }
    Time run_timer(Time due) override {
        Time ran;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
        const int timer = virEventAddTimeout(
            static_cast<int>(std::max<std::int64_t>(left, 0)),
            [](int, void* opaque) { *static_cast<Time*>(opaque) = Clock::now(); }, &ran, nullptr);
        while (ran == Time())
            virEventRunDefaultImpl();
        virEventRemoveTimeout(timer);
        return ran;
    }
    void add_idle_timers(std::size_t count) override {
        for (std::size_t i = 0; i < count; ++i)
            timers_.push_back(virEventAddTimeout(3'600'000, [](int, void*) {}, nullptr, nullptr));
    }

 private:
    struct Slot {
        LibvirtLoop* owner;
        std::size_t handle;
    };
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<int> handles_;
    std::vector<int> timers_;
};

/// The kernel alone: what any loop on epoll must pay. It has no timers of its own.
class BareEpoll final : public Contender {
 public:
    void add(int fd) override {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = fds_.size()}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
        fds_.push_back(fd);
    }
    void modify(std::size_t handle, short events) override {
        epoll_event event{.events = static_cast<std::uint32_t>(events), .data = {.u64 = handle}};
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fds_[handle], &event);
    }
    void remove(std::size_t handle) override {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fds_[handle], nullptr);
    }
    void serve(const bool& done) override {
        std::array<epoll_event, 64> events;
        while (!done) {
            const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
            for (int i = 0; i < n; ++i)
                ready(events[static_cast<std::size_t>(i)].data.u64);
        }
    }
    Time run_timer(Time due) override {
        epoll_event none;
        while (Clock::now() < due) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
            ::epoll_wait(epoll_.get(), &none, 1, static_cast<int>(left));
        }
        return Clock::now();
    }
    void add_idle_timers(std::size_t) override {}

 private:
    Fd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<int> fds_;
};

struct Figures {
    double add, modify, dispatch, remove;  // per second
    double late;                           // microseconds after a timer was due, the median
};

template <class Work>
double per_second(std::size_t count, Work&& work) {
    const auto begin = Clock::now();
    work();
    return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A chain of events: each handle that is ready wakes the next one, until `events` have been served.
double measure_dispatch(Contender& loop, const std::vector<Fd>& fds, std::size_t events) {
    bool done = false;
    std::size_t served = 0;
    const std::uint64_t one = 1;
    const auto wake = [&](std::size_t handle) {
        [[maybe_unused]] const auto n = ::write(fds[handle].get(), &one, sizeof one);
    };
    loop.ready = [&](std::size_t handle) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto n = ::read(fds[handle].get(), &count, sizeof count);
        if (++served == events)
            done = true;
        else
            wake((handle + 7) % fds.size());
    };
    wake(0);
    return per_second(events, [&] { loop.serve(done); });
}

double measure_lateness(Contender& loop) {
    std::vector<double> late;
    for (int i = 0; i < 50; ++i) {
        const auto due = Clock::now() + std::chrono::milliseconds(1);
        late.push_back(std::chrono::duration<double, std::micro>(loop.run_timer(due) - due).count());
    }
    std::ranges::nth_element(late, late.begin() + 25);
    return late[25];
}

template <class Loop>
Figures measure(std::size_t handles, std::size_t events) {
    std::vector<Fd> fds;
    for (std::size_t i = 0; i < handles; ++i)
        fds.emplace_back(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    Figures figures{};
    {
        Loop loop;
        figures.add = per_second(handles, [&] {
            for (const auto& fd : fds)
                loop.add(fd.get());
        });
        figures.modify = per_second(2 * handles, [&] {
            for (const short wanted : {short{0}, short{POLLIN}})
                for (std::size_t i = 0; i < handles; ++i)
                    loop.modify(i, wanted);
        });
        figures.dispatch = measure_dispatch(loop, fds, events);
        figures.remove = per_second(handles, [&] {
            for (std::size_t i = 0; i < handles; ++i)
                loop.remove(i);
        });
    }
    Loop loop;
    loop.add_idle_timers(handles);
    figures.late = measure_lateness(loop);
    return figures;
}

/// The best of several runs: what the code costs when the machine does not disturb.
template <class Loop>
Figures best_of(int runs, std::size_t handles, std::size_t events) {
    Figures best = measure<Loop>(handles, events);
    for (int i = 1; i < runs; ++i) {
        const auto next = measure<Loop>(handles, events);
        best.add = std::max(best.add, next.add);
        best.modify = std::max(best.modify, next.modify);
        best.dispatch = std::max(best.dispatch, next.dispatch);
        best.remove = std::max(best.remove, next.remove);
        best.late = std::min(best.late, next.late);
    }
    return best;
}

void print_row(const char* name, const Figures& f) {
    std::printf("  %-14s %11.0f %11.0f %11.0f %11.0f %9.0f\n", name, f.add, f.modify, f.dispatch, f.remove,
                f.late);
}

void print_ratio(const char* name, const Figures& a, const Figures& b) {
    std::printf("  %-14s %11.2f %11.2f %11.2f %11.2f\n", name, a.add / b.add, a.modify / b.modify,
                a.dispatch / b.dispatch, a.remove / b.remove);
}

}  // namespace

int main() {
    const rlimit files{20'000, 20'000};
    ::setrlimit(RLIMIT_NOFILE, &files);
    virEventRegisterDefaultImpl();
    double first = 0;
    double last = 0;
    for (const std::size_t handles : {10u, 100u, 1'000u, 10'000u}) {
        const auto ours = best_of<OurLoop>(5, handles, 100'000);
        const auto epoll = best_of<BareEpoll>(5, handles, 100'000);
        const auto libvirt = best_of<LibvirtLoop>(3, handles, 10'000'000 / (handles + 100));
        std::printf("%zu registrations      add/s    modify/s  dispatch/s    remove/s   late/us\n", handles);
        print_row("ours", ours);
        print_row("libvirt", libvirt);
        print_row("bare epoll", epoll);
        print_ratio("ours/libvirt", ours, libvirt);
        print_ratio("ours/epoll", ours, epoll);
        if (first == 0) first = ours.dispatch;
        last = ours.dispatch;
    }
    std::printf("cost of an event, 10,000 registrations against 10: %.2f times\n", first / last);
}
