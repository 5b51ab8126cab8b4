// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/mac_use.hpp"

#include <algorithm>

#include "manager/others.hpp"

namespace virtlight::manager {

Result<> check_macs_are_free(const Registry& registry, const domain::Definition& definition) {
    if (definition.nics.empty()) return {};
    const auto refusal = [&](const Domain& other, const domain::Definition& has) -> Result<> {
        for (const auto& nic : has.nics)
            if (std::ranges::find(definition.nics, nic.mac, &domain::Nic::mac) != definition.nics.end())
                return fail(Reason::operation_failed,
                            "the MAC address {} of a network interface is in use by domain '{}'",
                            to_string(nic.mac), other.name);
        return {};
    };
    return check_others(registry, definition.uuid, refusal);
}

}  // namespace virtlight::manager
