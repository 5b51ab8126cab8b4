// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/recovery.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

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
    life.noted = stored.domid == seen.domid;
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
    domain->life->stopped = domain->life->seen.stopped;
    domain->status = domain::PmSuspendedReason::unknown;
}

/// What a life that is known from before has become.
class Recovery {
 public:
    Recovery(Core& core, Jobs& jobs, Guests& guests, const Snapshot& snapshot)
        : core_(core), jobs_(jobs), guests_(guests), snapshot_(snapshot) {}

    void restore(StoredLife life, bool image_aside);

 private:
    void go_on(const DomainRef& domain, StoredLife life, const DomainSeen& seen, bool image_aside);
    void undo_start(const DomainRef& domain, StoredLife life, const DomainSeen* seen, bool image_aside);

    Core& core_;
    Jobs& jobs_;
    Guests& guests_;
    const Snapshot& snapshot_;
};

void Recovery::restore(StoredLife life, bool image_aside) {
    const auto name = life.definition.name;
    auto domain = core_.registry.find(life.definition.uuid);
    if (!domain) {
        auto added = core_.registry.add(life.definition.uuid, name);
        if (!added) return log::error("domain '{}' is not shown: {}", name, added.error().message);
        domain = *added;
    }
    const bool cut_off = life.domid == 0;
    const auto* seen = find_alive(snapshot_, life);
    if (seen && !cut_off) return go_on(domain, std::move(life), *seen, image_aside);
    if (cut_off && (!seen || seen->paused)) return undo_start(domain, std::move(life), seen, image_aside);
    const auto what =
        fmt::format("it {} while the daemon was away", cut_off ? "was not started" : "has ended");
    log::notice("domain '{}': {}", name, what);
    core_.timeline.note(*domain, what);
    if (image_aside) {
        log::warning(
            "domain '{}' may have run since it was saved: what was saved is not restored, and kept beside "
            "'{}'",
            name, core_.store.image_path(domain->uuid).string());
    }
    jobs_.post(domain, JobKind::after_stop,
               [&guests = guests_, domain](hypervisor::Operation) { return guests.forget(domain); });
}

void Recovery::go_on(const DomainRef& domain, StoredLife life, const DomainSeen& seen, bool image_aside) {
    const auto held = life.held;
    const bool suspended = seen.stopped == hypervisor::StopReason::suspend;
    take_up(core_, domain, std::move(life), seen);
    if (suspended && held != StoredLife::Held::asleep) return settle(jobs_, guests_, domain);
    log::notice("domain '{}' goes on as domid {}", domain->name, seen.domid);
    if (suspended) let_sleep(domain);
    if (held == StoredLife::Held::dumping && seen.paused) release_from_dump(jobs_, guests_, domain);
    core_.timeline.note(*domain, "the daemon has started, and the guest goes on");
    if (!std::exchange(domain->image, false) && !image_aside) return;
    jobs_.post(domain, JobKind::remove_image,
               [&guests = guests_, domain](hypervisor::Operation) { return guests.drop_image(domain); });
}

/// It was never let run: nothing is lost with it.
void Recovery::undo_start(const DomainRef& domain, StoredLife life, const DomainSeen* seen,
                          bool image_aside) {
    domain->image = domain->image || image_aside;
    if (seen) {
        log::notice("domain '{}' was left half made as domid {}: it is destroyed", domain->name, seen->domid);
        take_up(core_, domain, std::move(life), *seen);
        domain->status = domain::PausedReason::starting_up;
    } else {
        log::notice("domain '{}' was not started while the daemon was away", domain->name);
    }
    jobs_.post(domain, seen ? JobKind::destroy : JobKind::after_stop,
               [&guests = guests_, domain](hypervisor::Operation operation) {
                   return guests.undo_start(domain, std::move(operation));
               });
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
                   const std::vector<Uuid>& images_aside, const Snapshot& snapshot) {
    Recovery recovery(core, jobs, guests, snapshot);
    for (auto& life : lives) {
        const bool aside = std::ranges::count(images_aside, life.definition.uuid) > 0;
        recovery.restore(std::move(life), aside);
    }
}

}  // namespace virtlight::manager
