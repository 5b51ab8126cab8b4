// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/file.hpp"

namespace virtlight::async {

/// Measures the steps of a loop and reports those that hold up the rest: a step that computed or slept for
/// longer than the limit. Time in which the machine gave the processor to somebody else is not the step's and
/// does not count, so that a busy host raises no false alarm. Used on the loop's own thread.
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
    /// What the kernel has counted of this thread.
    struct Account {
        long sleeps = 0;      ///< times it gave up the processor by itself
        Duration computed{};  ///< on a processor
        Duration waited{};    ///< for one, ready to run
    };

    Account account() const;
    Duration own_share(Duration took) const;

    std::string loop_;
    Duration limit_;
    Fd schedstat_;
    Time started_{};
    Account before_;  ///< at the last awake()
    Duration longest_{};
    std::uint64_t stalls_ = 0;
};

}  // namespace virtlight::async
