// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>

#include "domain/cpu_set.hpp"

namespace virtlight::domain {

/// How much of the processors Xen's scheduler gives a guest. What is empty is left as it is, or is Xen's
/// default.
struct CpuShare {
    static constexpr unsigned weight_most = 65535;
    static constexpr unsigned cap_most = 100'000;

    std::optional<unsigned> weight{};  ///< beside other guests', 1 to weight_most; a guest of default has 256
    std::optional<unsigned> cap{};     ///< percent of one processor that it gets at most; 0: no bound

    bool operator==(const CpuShare&) const = default;
};

/// Where a guest's vCPUs may run, and how much they get.
struct CpuTuning {
    CpuSet cpus{};                      ///< where they all may; empty: anywhere
    std::map<unsigned, CpuSet> pins{};  ///< where this one may, by number; no set is empty
    CpuShare share{};                   ///< a cap of 0 is written as none

    bool operator==(const CpuTuning&) const = default;
};

}  // namespace virtlight::domain
