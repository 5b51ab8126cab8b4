// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

#include "hypervisor/port.hpp"
#include "manager/store.hpp"

namespace virtlight::manager {

/// What a life that the store knows has become while no daemon looked.
struct FoundLife {
    enum class Fate {
        goes_on,  ///< it runs, as `seen`
        cut_off,  ///< its start was cut off: its guest has never run, and Xen has `seen` of it, or nothing
        not_started,  ///< its start was cut off, and the guest of its uuid that runs is another tool's
        ended,
    };

    Fate fate = Fate::ended;
    const hypervisor::DomainSeen* seen = nullptr;  ///< of `candidates`; null unless it goes on or was cut off
    /// It was being started anew, which is to be finished: nobody else has started it since.
    bool to_start = false;
};

/// `candidates`: what Xen has of the life's uuid. Pure.
FoundLife judge_found(const StoredLife& life, std::span<const hypervisor::DomainSeen* const> candidates);

}  // namespace virtlight::manager
