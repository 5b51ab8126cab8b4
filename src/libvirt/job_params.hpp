// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "domain/job.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

/// virDomainJobType of a job.
std::int32_t job_type(const domain::JobReport& job);

/// What a job has done, in libvirt's words: for virDomainGetJobStats, and for the event of its end. What
/// libvirt has no words for comes as fields of our own, which docs/protocol.md describes.
std::vector<TypedParam> job_params(const domain::JobReport& job);

/// In whole milliseconds, as the wire counts.
std::uint64_t elapsed_ms(const domain::JobReport& job);

/// The bytes that a job moves; all zero for one that moves none.
struct Moved {
    std::uint64_t total = 0;  ///< what it will be is known at its end, and estimated before
    std::uint64_t done = 0;
    std::uint64_t per_second = 0;    ///< on the average since it has begun
    std::uint64_t remaining_ms = 0;  ///< at that speed; 0: not known, or it has ended

    std::uint64_t remaining() const { return total - done; }
};
Moved moved(const domain::JobReport& job);

}  // namespace virtlight::libvirt
