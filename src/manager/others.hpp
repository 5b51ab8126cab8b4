// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "manager/registry.hpp"

namespace virtlight::manager {

/// What `refusal` (of a domain and a definition) says of the first domain, other than the one with this uuid,
/// that keeps it from what is the host's; nothing if none does. O(domains).
template <class Refusal>
Result<> check_others(const Registry& registry, Uuid uuid, Refusal refusal) {
    for (const auto& domain : registry.all()) {
        if (domain->uuid == uuid) continue;
        for (const auto* const claimed : claims(*domain))
            if (claimed)
                if (auto free = refusal(*domain, *claimed); !free) return free;
    }
    return {};
}

}  // namespace virtlight::manager
