// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace virtlight::domain {

/// What a job on a domain does, or did.
struct JobReport {
    enum class State { none, running, completed, failed, cancelled };
    /// The numbers are libvirt's.
    enum class Operation { other = 0, start = 1, save = 2, restore = 3, dump = 8 };
    State state = State::none;
    Operation operation = Operation::other;
    Duration elapsed{};
    std::uint64_t bytes = 0;
    std::uint64_t bytes_all = 0;  ///< 0: not counted
    std::string problem{};        ///< why it has failed or was cancelled

    bool operator==(const JobReport&) const = default;
};

}  // namespace virtlight::domain
