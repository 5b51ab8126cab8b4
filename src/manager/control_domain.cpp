// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/control_domain.hpp"

#include <algorithm>
#include <utility>

namespace virtlight::manager {

using hypervisor::DomainSeen;

void show_control_domain(Core& core, const hypervisor::Snapshot& snapshot) {
    const auto found = std::ranges::find(snapshot.domains, 0U, &DomainSeen::domid);
    Life life;
    see_control_domain(core, life, found == snapshot.domains.end() ? DomainSeen{} : *found);
    auto& definition = life.definition;
    definition.name = "Domain-0";
    definition.uuid = life.seen.uuid;  // nil, unless the host's toolstack was told another
    definition.type = life.seen.hvm ? domain::GuestType::pvh : domain::GuestType::pv;

    const auto domain = core.registry.claim(definition.uuid, definition.name).value();
    domain->control = true;
    domain->stored = definition;
    domain->status = domain::RunningReason::booted;
    domain->life = std::move(life);
    core.registry.set_domid(domain, 0);
}

void see_control_domain(const Core& core, Life& life, const DomainSeen& seen) {
    life.seen = seen;
    auto& definition = life.definition;
    definition.memory_kib = seen.memory_kib;
    // Xen's bound may be "none"; more than the host has is the same.
    definition.memory_max_kib = std::min(seen.memory_max_kib, core.hypervisor.host().memory_kib);
    definition.vcpus = seen.vcpus_online;
    definition.vcpus_max = seen.vcpus_max;
}

}  // namespace virtlight::manager
