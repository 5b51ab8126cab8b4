// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/stall_detector.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.hpp"

namespace virtlight::async {
namespace {

/// With their fraction, unlike those of base/clock.hpp.
using Milliseconds = std::chrono::duration<double, std::milli>;

}  // namespace

StallDetector::StallDetector(std::string loop, Duration limit) : loop_(std::move(loop)), limit_(limit) {}

void StallDetector::awake() {
    // Opened here, not at construction: the file belongs to the thread that opens it.
    if (!schedstat_) schedstat_ = Fd(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
    before_ = account();
    started_ = Clock::now();
}

void StallDetector::step_done(const char* kind) {
    const auto ended = Clock::now();
    auto took = ended - started_;
    started_ = ended;
    if (took > limit_) took = own_share(took);
    longest_ = std::max(longest_, took);
    if (took <= limit_) return;
    ++stalls_;
    log::warning("stall: a {} step of the {} thread took {:.1f} ms (limit {:.0f} ms)", kind, loop_,
                 Milliseconds(took).count(), Milliseconds(limit_).count());
}

/// How much of the time was the step's own. What the steps before it since awake() have used is counted as
/// its own too: little, or they would have been reported.
Duration StallDetector::own_share(Duration took) const {
    const auto now = account();
    if (now.sleeps == before_.sleeps) return std::min(took, now.computed - before_.computed);
    return took - std::min(took, now.waited - before_.waited);
}

StallDetector::Account StallDetector::account() const {
    Account account;
    rusage usage{};
    timespec computed{};
    if (::getrusage(RUSAGE_THREAD, &usage) == 0) account.sleeps = usage.ru_nvcsw;
    if (::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &computed) == 0)
        account.computed = seconds(computed.tv_sec) + nanoseconds(computed.tv_nsec);
    char text[96] = {};
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    // A kernel without the file gives 0: then all of the time counts as the step's.
    if (::pread(schedstat_.get(), text, sizeof text - 1, 0) > 0)
        std::sscanf(text, "%llu %llu", &ran, &waited);
    account.waited = nanoseconds(waited);
    return account;
}

}  // namespace virtlight::async
