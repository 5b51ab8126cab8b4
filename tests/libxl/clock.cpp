// SPDX-License-Identifier: LGPL-2.1-or-later
// The clocks that everybody in this process reads, with an offset that a test can change. For time to pass, a
// loop that sleeps until some moment has to be woken: so epoll_wait() is replaced too, by one that a signal
// interrupts.

#include "libxl/clock.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <set>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

namespace virtlight::fake {
namespace {

constexpr int wake_signal = SIGUSR2;

std::atomic<std::int64_t> passed_ns = 0;
std::atomic<std::int64_t> stepped_ns = 0;
/// How often time was made to pass, altogether and when this thread last looked at the clock.
std::atomic<unsigned> jumps = 0;
thread_local unsigned jumps_seen = 0;

std::mutex sleepers_mutex;
std::set<pid_t> sleepers;

timespec read_clock(clockid_t which) {
    timespec now{};
    ::syscall(SYS_clock_gettime, which, &now);
    std::int64_t offset = 0;
    if (which == CLOCK_MONOTONIC || which == CLOCK_REALTIME) {
        jumps_seen = jumps;
        offset += passed_ns;
    }
    if (which == CLOCK_REALTIME) offset += stepped_ns;
    const auto ns = now.tv_nsec + offset;
    constexpr std::int64_t second = 1'000'000'000;
    const auto carry = ns >= 0 ? ns / second : -((-ns + second - 1) / second);
    return {now.tv_sec + carry, ns - carry * second};
}

/// In the set of those to be woken for as long as it lives; the signal waits for a moment in which it is
/// expected.
class Asleep {
 public:
    Asleep() {
        sigset_t signal;
        ::sigemptyset(&signal);
        ::sigaddset(&signal, wake_signal);
        ::pthread_sigmask(SIG_BLOCK, &signal, &mask_);
        const std::scoped_lock lock(sleepers_mutex);
        sleepers.insert(::gettid());
    }
    Asleep(const Asleep&) = delete;
    Asleep& operator=(const Asleep&) = delete;
    ~Asleep() {
        const int why = errno;
        {
            const std::scoped_lock lock(sleepers_mutex);
            sleepers.erase(::gettid());
        }
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
        errno = why;
    }

    const sigset_t* mask() const { return &mask_; }

 private:
    sigset_t mask_;
};

}  // namespace

void step_wall_clock(Duration by) {
    stepped_ns += nanoseconds(by).count();
}

void set_wall_clock_right() {
    stepped_ns = 0;
}

Time real_now() {
    timespec now{};
    ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return Time(seconds(now.tv_sec) + nanoseconds(now.tv_nsec));
}

void let_pass(Duration time) {
    struct sigaction nothing{};
    nothing.sa_handler = [](int) {};
    ::sigaction(wake_signal, &nothing, nullptr);
    passed_ns += nanoseconds(time).count();
    ++jumps;
    const std::scoped_lock lock(sleepers_mutex);
    for (const auto thread : sleepers)
        ::syscall(SYS_tgkill, ::getpid(), thread, wake_signal);
}

}  // namespace virtlight::fake

extern "C" {

int clock_gettime(clockid_t which, timespec* now) noexcept {
    *now = virtlight::fake::read_clock(which);
    return 0;
}

int gettimeofday(timeval* now, void*) noexcept {
    const auto time = virtlight::fake::read_clock(CLOCK_REALTIME);
    *now = {time.tv_sec, time.tv_nsec / 1000};
    return 0;
}

int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    const virtlight::fake::Asleep asleep;
    // Whoever decided how long to sleep before time jumped has to decide again.
    if (virtlight::fake::jumps_seen != virtlight::fake::jumps) timeout = 0;
    return ::epoll_pwait(epoll, events, most, timeout, asleep.mask());
}

}  // extern "C"
