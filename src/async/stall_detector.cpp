// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/stall_detector.hpp"

#include <algorithm>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include "base/log.hpp"

namespace virtlight::async {
namespace {

/// How old the sample of the processor's queue may be at the start of a step: the error of what is taken off.
constexpr auto sample_age = milliseconds(5);

double in_milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace

StallDetector::StallDetector(std::string loop, Duration limit) : loop_(std::move(loop)), limit_(limit) {}

void StallDetector::awake() {
    // Opened here, not at construction: the file belongs to the thread that opens it.
    if (!schedstat_) schedstat_ = Fd(::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC));
    started_ = Clock::now();
    if (started_ - sampled_ < sample_age) return;
    sampled_ = started_;
    waited_before_ = waited_for_processor();
}

void StallDetector::step_done(const char* kind) {
    const auto ended = Clock::now();
    auto took = ended - started_;
    started_ = ended;
    if (took > limit_) took -= std::min(took, waited_for_processor() - waited_before_);
    longest_ = std::max(longest_, took);
    if (took <= limit_) return;
    ++stalls_;
    log::warning("stall: a {} step of the {} thread took {:.1f} ms (limit {:.0f} ms)", kind, loop_,
                 in_milliseconds(took), in_milliseconds(limit_));
}

Duration StallDetector::waited_for_processor() const {
    char text[96] = {};
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    // A kernel without the file gives 0: then all of the time counts as the step's.
    if (::pread(schedstat_.get(), text, sizeof text - 1, 0) > 0)
        std::sscanf(text, "%llu %llu", &ran, &waited);
    return nanoseconds(waited);
}

}  // namespace virtlight::async
