// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "domain/job.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

/// virDomainJobType of a job.
std::int32_t job_type(const domain::JobReport& job);

/// What a job has done, in libvirt's words: for virDomainGetJobStats, and for the event of its end.
std::vector<TypedParam> job_params(const domain::JobReport& job);

/// In whole milliseconds, as the wire counts.
std::uint64_t elapsed_ms(const domain::JobReport& job);

}  // namespace virtlight::libvirt
