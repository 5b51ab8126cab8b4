// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/recovery.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"

namespace virtlight::manager {
namespace {

using hypervisor::DomainSeen;
using hypervisor::Snapshot;

const DomainSeen* find_alive(const Snapshot& snapshot, const StoredLife& life) {
    const auto found = std::ranges::find_if(snapshot.domains, [&life](const DomainSeen& seen) {
        return seen.uuid == life.definition.uuid && !seen.dying &&
               (life.domid == 0 || life.domid == seen.domid);
    });
    return found == snapshot.domains.end() ? nullptr : &*found;
}

void take_up(Core& core, const DomainRef& domain, StoredLife stored, const DomainSeen& seen) {
    Life life;
    life.domid = seen.domid;
    life.definition = std::move(stored.definition);
    life.seen = seen;
    life.seen.name.clear();  // another tool may have renamed it: that is left to the reconciler
    core.begin_life(domain, std::move(life), first_status(seen));
}

/// The daemon was killed while it saved this guest.
void settle(Jobs& jobs, Guests& guests, const DomainRef& domain) {
    log::notice("domain '{}' was being saved: it {}", domain->name,
                domain->image ? "is, and its guest is removed" : "goes on");
    // Not to be taken for a guest that went to sleep by itself.
    domain->life->stopped = domain->life->seen.stopped;
    jobs.post(domain, JobKind::after_stop,
              [&guests, domain, life = domain->life->id](hypervisor::Operation operation) {
                  return guests.settle_suspended(domain, life, std::move(operation));
              });
}

/// The daemon was killed while it dumped this guest's core.
void release_from_dump(Jobs& jobs, Guests& guests, const DomainRef& domain) {
    log::notice("the core of domain '{}' was being dumped: that has come to nothing", domain->name);
    domain->status = domain::PausedReason::dump;
    jobs.post(domain, JobKind::resume,
              [&guests, domain](hypervisor::Operation) { return guests.go_on_after_dump(domain); });
}

void let_sleep(const DomainRef& domain) {
    log::notice("domain '{}' is still asleep", domain->name);
    domain->life->stopped = domain->life->seen.stopped;
    domain->status = domain::PmSuspendedReason::unknown;
}

void restore_life(Core& core, Jobs& jobs, Guests& guests, StoredLife life, const Snapshot& snapshot) {
    const auto name = life.definition.name;
    auto domain = core.registry.find(life.definition.uuid);
    if (!domain) {
        auto added = core.registry.add(life.definition.uuid, name);
        if (!added) return log::error("domain '{}' is not shown: {}", name, added.error().message);
        domain = *added;
    }
    const bool cut_off = life.domid == 0;
    const auto* seen = find_alive(snapshot, life);
    if (seen && !cut_off) {
        const auto held = life.held;
        take_up(core, domain, std::move(life), *seen);
        if (held == StoredLife::Held::dumping && seen->paused) release_from_dump(jobs, guests, domain);
        if (held == StoredLife::Held::asleep && seen->stopped == hypervisor::StopReason::suspend)
            return let_sleep(domain);
        if (seen->stopped == hypervisor::StopReason::suspend) return settle(jobs, guests, domain);
        return log::notice("domain '{}' goes on as domid {}", name, seen->domid);
    }
    if (seen && seen->paused) {
        // It was never let run: nothing is lost with it.
        log::notice("domain '{}' was left half made as domid {}: it is destroyed", name, seen->domid);
        take_up(core, domain, std::move(life), *seen);
        domain->status = domain::PausedReason::starting_up;
        return jobs.post(domain, JobKind::destroy, [&guests, domain](hypervisor::Operation operation) {
            return guests.destroy(domain, domain::ShutoffReason::failed, std::move(operation));
        });
    }
    log::notice("domain '{}' {} while the daemon was away", name, cut_off ? "was not started" : "has ended");
    jobs.post(domain, JobKind::after_stop,
              [&guests, domain](hypervisor::Operation) { return guests.forget(domain); });
}

}  // namespace

void restore_definitions(Core& core, std::vector<Stored> domains, const std::vector<Uuid>& images) {
    std::ranges::sort(domains, {}, [](const Stored& stored) { return stored.definition.uuid; });
    for (auto& stored : domains) {
        auto claimed = core.registry.claim(stored.definition.uuid, stored.definition.name);
        if (!claimed) {
            log::error("the stored definition of domain '{}' is left alone: {}", stored.definition.name,
                       claimed.error().message);
            continue;
        }
        (*claimed)->stored = std::move(stored.definition);
        (*claimed)->autostart = stored.autostart;
        (*claimed)->image = std::ranges::count(images, (*claimed)->uuid) > 0;
    }
}

void show_control_domain(Core& core, const Snapshot& snapshot) {
    const auto found = std::ranges::find(snapshot.domains, 0U, &DomainSeen::domid);
    Life life;
    life.seen = found == snapshot.domains.end() ? DomainSeen{} : *found;
    auto& definition = life.definition;
    definition.name = "Domain-0";
    definition.type = life.seen.hvm ? domain::GuestType::pvh : domain::GuestType::pv;
    definition.memory_kib = life.seen.memory_kib;
    // Xen's bound may be "none"; more than the host has is the same.
    definition.memory_max_kib = std::min(life.seen.memory_max_kib, core.hypervisor.host().memory_kib);
    definition.vcpus = life.seen.vcpus_online;
    definition.vcpus_max = life.seen.vcpus_max;

    const auto domain = core.registry.claim(definition.uuid, definition.name).value();
    domain->control = true;
    domain->stored = definition;
    domain->status = domain::RunningReason::booted;
    domain->life = std::move(life);
    core.registry.set_domid(domain, 0);
}

void restore_lives(Core& core, Jobs& jobs, Guests& guests, std::vector<StoredLife> lives,
                   const Snapshot& snapshot) {
    for (auto& life : lives)
        restore_life(core, jobs, guests, std::move(life), snapshot);
}

}  // namespace virtlight::manager
