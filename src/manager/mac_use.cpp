// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/mac_use.hpp"

#include <algorithm>

namespace virtlight::manager {

Result<> check_macs_are_free(const Registry& registry, const domain::Definition& definition) {
    if (definition.nics.empty()) return {};
    for (const auto& domain : registry.all()) {
        if (domain->uuid == definition.uuid || (!domain->life && !domain->making)) continue;
        const auto& other = domain->life ? domain->life->definition : *domain->making;
        for (const auto& nic : other.nics)
            if (std::ranges::find(definition.nics, nic.mac, &domain::Nic::mac) != definition.nics.end())
                return fail(Reason::operation_failed,
                            "the MAC address {} of a network interface is in use by domain '{}'",
                            to_string(nic.mac), domain->name);
    }
    return {};
}

}  // namespace virtlight::manager
