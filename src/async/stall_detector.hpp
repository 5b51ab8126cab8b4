// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/file.hpp"

namespace virtlight::async {

/// Measures the steps of a loop and reports those that hold up the rest: a step that ran or slept for longer
/// than the limit. Time in which the machine gave the processor to somebody else is not the step's and is
/// taken off, so that a busy host raises no false alarm. Used on the loop's own thread.
class StallDetector {
 public:
    StallDetector(std::string loop, Duration limit);

    /// The loop has woken up: the next step starts here.
    void awake();
    /// A step has ended, the next one starts. `kind` is what the report calls it.
    void step_done(const char* kind);

    std::uint64_t stalls() const { return stalls_; }
    Duration longest() const { return longest_; }

 private:
    Duration waited_for_processor() const;

    std::string loop_;
    Duration limit_;
    Fd schedstat_;
    Time started_{};
    Time sampled_{};
    Duration waited_before_{};  ///< waited_for_processor() at sampled_
    Duration longest_{};
    std::uint64_t stalls_ = 0;
};

}  // namespace virtlight::async
