// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

#include "libvirt/messages.hpp"

/// As messages.hpp, of what is being done to a domain.
namespace virtlight::libvirt {

struct JobInfo {
    std::int32_t type = 0;
    std::uint64_t time_elapsed = 0, time_remaining = 0;
    std::uint64_t data_total = 0, data_processed = 0, data_remaining = 0;
    std::uint64_t memory_total = 0, memory_processed = 0, memory_remaining = 0;
    std::uint64_t file_total = 0, file_processed = 0, file_remaining = 0;

    auto fields(this auto& self) {
        return std::tie(self.type, self.time_elapsed, self.time_remaining, self.data_total,
                        self.data_processed, self.data_remaining, self.memory_total, self.memory_processed,
                        self.memory_remaining, self.file_total, self.file_processed, self.file_remaining);
    }
    bool operator==(const JobInfo&) const = default;
};

/// What the names of fields begin with that libvirt does not have.
inline constexpr std::string_view own_job_fields = "virtlight.";

struct JobStats {
    std::int32_t type = 0;
    std::vector<TypedParam> params;

    auto fields(this auto& self) { return std::tie(self.type, self.params); }
    bool operator==(const JobStats&) const = default;
};

}  // namespace virtlight::libvirt
