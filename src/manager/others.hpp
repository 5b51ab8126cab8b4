// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "manager/registry.hpp"

namespace virtlight::manager {

/// What `refused` says, and what there is to know of it if it is so for something that may still come.
inline Result<> explained(const Domain& domain, const domain::Definition& claimed, Result<> refused) {
    const bool may_come = domain.life && domain.life->may_come && &claimed == &*domain.life->may_come;
    if (!refused && may_come)
        refused.error().message += fmt::format(
            "; an attach of it was given up, and it may still come to domain '{}' as long as that runs",
            domain.name);
    return refused;
}

/// What `refusal` (of a domain and a definition) says of the first domain, other than the one with this uuid,
/// that keeps it from what is the host's; nothing if none does. O(domains).
template <class Refusal>
Result<> check_others(const Registry& registry, Uuid uuid, Refusal refusal) {
    for (const auto& domain : registry.all()) {
        if (domain->uuid == uuid) continue;
        for (const auto* const claimed : claims(*domain))
            if (claimed)
                if (auto free = explained(*domain, *claimed, refusal(*domain, *claimed)); !free) return free;
    }
    return {};
}

}  // namespace virtlight::manager
