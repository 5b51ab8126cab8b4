// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include "async/cancel.hpp"
#include "async/scheduler.hpp"
#include "base/clock.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::hypervisor {

/// How long an operation may take.
struct Bounds {
    Duration whole;      ///< all of it, or until its first byte moves
    Duration silence{};  ///< from then on: since the last byte has moved. Zero: the first bound holds on
};

/// Cancels `source` when an operation has gone beyond its bounds, unless this goes out of scope first;
/// passed() tells whether it did. How much there is to move bounds nothing: an image may be of any size. It
/// looks now and then, so a silence may last an eighth longer than it should.
class Patience {
 public:
    /// `progress` may be null: then nothing moves. `scheduler` must outlive this.
    Patience(async::Scheduler& scheduler, Bounds bounds, std::shared_ptr<const Progress> progress,
             async::CancelSource source);
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;
    ~Patience();

    bool passed() const;
    /// When it is to be over by what is known now: later, each time that a byte moves. May outlive this.
    std::shared_ptr<const Time> due() const;
    /// What was not to be waited for any longer: "not done within 60 s", "no byte has moved for 60 s".
    std::string in_words() const;

 private:
    struct Watch;
    std::shared_ptr<Watch> watch_;
};

}  // namespace virtlight::hypervisor
