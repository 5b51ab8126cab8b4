// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/core.hpp"

#include <utility>

#include "base/log.hpp"

namespace virtlight::manager {

Core::Core(async::Scheduler& scheduler_in, hypervisor::Hypervisor& hypervisor_in, Store& store_in)
    : scheduler(scheduler_in), hypervisor(hypervisor_in), store(store_in), timeline(scheduler_in) {}

void Core::begin_life(const DomainRef& domain, Life life, domain::Status status, Birth birth) {
    const auto domid = life.domid;
    if (const auto former = registry.find_by_domid(domid)) {
        // Xen has given the number anew, so the one who had it is gone, though no look has said so yet.
        const auto reason = end_reason(*former->life);
        see_end(former, reason);
        release(former);
    }
    life.id = lives_.next();
    life.since = scheduler.now();
    half_made.erase(domain->uuid);
    const auto id = life.id;
    life.definition.name = domain->name;  // whatever another tool calls its guest
    domain->life = std::move(life);
    domain->warnings.clear();
    domain->status = status;
    domain->settled = moments.next();
    registry.set_domid(domain, domid);
    hypervisor.follow(id, domid);
    if (watcher)
        watcher->life_began({.life = id,
                             .domid = domid,
                             .uuid = domain->uuid,
                             .name = domain->name,
                             .consoles = domain->life->definition.consoles,
                             .birth = birth});
    attend();
}

void Core::end_life(const DomainRef& domain, domain::ShutoffReason reason) {
    if (!domain->life) return;
    if (watcher) watcher->life_ended(domain->uuid, domain->life->id);
    hypervisor.unfollow(domain->life->id);
    registry.clear_domid(*domain, domain->life->domid);
    domain->life.reset();
    domain->disk_files.clear();
    domain->status = reason;
    last_end = moments.next();
}

void Core::end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::EventKind told) {
    end_life(domain, reason, domain->event(std::move(told)));
}

void Core::see_end(const DomainRef& domain, domain::ShutoffReason reason) {
    end_life(domain, reason, seen(*domain, stopped_event(reason)));
}

void Core::end_life(const DomainRef& domain, domain::ShutoffReason reason, domain::Event told) {
    if (!domain->life) return;
    log::info("domain '{}' (domid {}) has ended", domain->name, domain->domid());
    end_life(domain, reason);
    events.publish(std::move(told));
}

domain::Event Core::seen(const Domain& domain, domain::EventKind kind) {
    auto event = domain.event(std::move(kind));
    event.seen = true;
    return event;
}

void Core::release(const DomainRef& domain) {
    if (domain->exists() || !domain->queue.idle()) return;
    registry.erase(*domain);
    if (watcher && !stopping && !registry.find(domain->uuid)) watcher->domain_gone(domain->uuid);
}

Changing::Changing(Core& core, DomainRef domain) : core_(core), domain_(std::move(domain)) {
    ++domain_->changing;
}

Changing::~Changing() {
    --domain_->changing;
    domain_->settled = core_.moments.next();
    core_.attend();
}

Resting::Resting(Core& core, DomainRef domain)
    : domain_(std::move(domain)), changing_(std::exchange(domain_->changing, 0)) {
    domain_->settled = core.moments.next();
    core.attend();
}

Making::Making(Core& core, const DomainRef& domain, domain::Definition definition)
    : domain_(domain), changing_(core, domain) {
    domain_->making = std::move(definition);
    domain_->making->name = domain->name;  // an image may be older than its name
}

}  // namespace virtlight::manager
