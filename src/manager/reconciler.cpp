// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/reconciler.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "domain/name.hpp"
#include "manager/control_domain.hpp"

namespace virtlight::manager {
namespace {

using hypervisor::DomainSeen;
using hypervisor::DomId;

/// What can be said of a domain that its own toolstack cannot, or will not, describe.
domain::Definition as_seen(const DomainSeen& seen) {
    domain::Definition definition;
    definition.name = seen.name;
    definition.uuid = seen.uuid;
    definition.type = seen.hvm ? domain::GuestType::hvm : domain::GuestType::pv;
    definition.memory_kib = seen.memory_kib;
    definition.memory_max_kib = std::max(seen.memory_kib, seen.memory_max_kib);
    definition.vcpus = std::max(1U, seen.vcpus_online);
    definition.vcpus_max = std::max(definition.vcpus, seen.vcpus_max);
    return definition;
}

/// Other tools take names that no file can have, and no client would understand.
std::string name_of(const DomainSeen& seen) {
    return domain::check_name(seen.name) ? seen.name : to_string(seen.uuid);
}

/// One that is suspended may have been saved, and is only not gone yet.
bool has_run_on(const DomainSeen& seen) {
    return seen.stopped ? seen.stopped != hypervisor::StopReason::suspend : seen.may_have_run();
}

Undescribed put_off(Undescribed undescribed, Time now) {
    const auto tries = undescribed.tries + 1;
    return {.tries = tries, .due = now + describe_pause(tries)};
}

/// With what clients have said of a guest while it was not described, and Xen keeps nothing of.
domain::Definition completed(domain::Definition described, const domain::Definition& shown) {
    using domain::Definition;
    for (const auto words : {&Definition::title, &Definition::description, &Definition::metadata})
        if (!(shown.*words).empty()) described.*words = shown.*words;
    if (shown.cpu_tuning != domain::CpuTuning()) described.cpu_tuning = shown.cpu_tuning;
    return described;
}

std::string_view in_words(hypervisor::StopReason reason) {
    using enum hypervisor::StopReason;
    switch (reason) {
        case poweroff: return "power off";
        case reboot: return "reboot";
        case suspend: return "suspended";
        case crash: return "crash";
        case watchdog: return "its watchdog";
        case soft_reset: return "soft reset";
        case unknown: break;
    }
    return "for a reason that Xen has no name for";
}

}  // namespace

void Reconciler::attend() {
    if (std::exchange(wanted_, true)) return;
    // A step of its own: whoever calls is in the middle of something.
    core_.scheduler.post([wake = wake_] { wake.set(true); });
}

void Reconciler::stop() {
    stopping_ = true;
    describing_.cancel();
    attend();
}

async::Task<> Reconciler::run() {
    while (!stopping_) {
        wanted_ = false;
        wake_ = async::Completion<bool>();
        const auto wake = wake_;
        co_await look();
        const auto due = core_.scheduler.now() + limits::look_interval;
        const auto timer = core_.scheduler.call_at(due, [wake] { wake.set(true); });
        co_await wake;
        core_.scheduler.cancel(timer);
    }
    co_await adoptions_.drained();
}

async::Task<> Reconciler::look() {
    const auto patience = core_.scheduler.call_at(core_.scheduler.now() + limits::look_patience, [] {
        log::error("the hypervisor does not say which domains run: what is shown is old");
    });
    const auto asked = core_.moments.next();
    const auto snapshot = co_await core_.hypervisor.look();
    core_.scheduler.cancel(patience);
    if (!snapshot) {
        if (!std::exchange(blind_, true))
            log::error("cannot see which domains run: {}", snapshot.error().message);
        co_return;
    }
    if (std::exchange(blind_, false)) log::notice("the domains that run can be seen again");
    if (!stopping_) apply(*snapshot, asked);
}

void Reconciler::apply(const hypervisor::Snapshot& snapshot, Moment asked) {
    core_.memory_free_kib = snapshot.memory_free_kib;
    std::unordered_map<DomId, const DomainSeen*> by_domid;
    for (const auto& seen : snapshot.domains)
        by_domid.emplace(seen.domid, &seen);

    // First what has ended, then what has come: a domain may have done both.
    for (const auto& domain : core_.registry.running()) {
        if (!domain->life || !domain->believes(asked)) continue;
        const auto found = by_domid.find(domain->life->domid);
        const bool same = found != by_domid.end() && found->second->uuid == domain->uuid;
        observe(domain, same ? found->second : nullptr);
    }
    for (const auto& seen : snapshot.domains)
        consider(seen, asked);
    while (!found_.empty() && !stopping_ && adoptions_.in_flight() < limits::adoptions_at_once)
        adoptions_.spawn(adopt_found());
    std::erase_if(strangers_, [&](const auto& entry) {
        const auto found = by_domid.find(entry.first);
        return found == by_domid.end() || found->second->uuid != entry.second.uuid;
    });
    // Behind those that nobody has seen yet.
    for (const auto& domain : core_.registry.running())
        describe_again(domain);
}

void Reconciler::observe(const DomainRef& domain, const DomainSeen* seen) {
    if (domain->control) {
        if (seen) observe_host(*domain, *seen);
        return;
    }
    const auto verdict = judge(*domain->life, domain->status, seen);
    if (verdict.over) {
        auto lent = lent_to(*domain);
        core_.see_end(domain, *verdict.over);
        jobs_.post(domain, JobKind::after_stop,
                   [this, domain, lent = std::move(lent)](hypervisor::Operation) {
                       return guests_.clear_away(domain, lent);
                   });
        return;
    }
    const auto stopped = stop_of(*domain->life, *seen);
    const bool stops = stopped && domain->life->stopped != stopped;
    if (stops) core_.timeline.note(*domain, fmt::format("the guest has stopped: {}", in_words(*stopped)));
    domain->status = verdict.status;
    domain->life->stopped = stopped;
    domain->life->unfinished = false;
    if (stops && verdict.ending) domain->life->stop_untold = true;  // one that is judged anew may be told
    const auto before = std::exchange(domain->life->seen, *seen);
    const auto life = domain->life->id;
    for (const auto& event : verdict.events)
        core_.tell_seen(*domain, event);
    if (has_run_on(*seen)) set_image_aside(domain);
    tell_figures(*domain, before, *seen);
    follow_model(*domain, *domain->life);
    if (has_new_name(*domain, before)) renaming_.follow(domain);
    if (verdict.ending && domain->life && domain->life->id == life) follow_ending(domain, *verdict.ending);
}

void Reconciler::observe_host(Domain& control, const DomainSeen& seen) {
    const auto before = control.life->seen;
    see_control_domain(core_, *control.life, seen);
    tell_figures(control, before, seen);
}

/// One that another domain has is new once more when that has given it up.
bool Reconciler::has_new_name(const Domain& domain, const DomainSeen& before) const {
    const auto& name = domain.life->seen.name;
    if (name.empty() || name == domain.name) return false;
    return name != before.name || (name == domain.life->awaited_name && !core_.registry.find_holder(name));
}

/// libvirt has no event for vCPUs that come and go. A guest that stops may take its own away.
void Reconciler::tell_figures(const Domain& domain, const DomainSeen& before, const DomainSeen& now) {
    if (before.memory_kib > 0 && before.memory_kib != now.memory_kib)
        core_.tell_seen(domain, domain::MemoryChanged{now.memory_kib});
    if (before.vcpus_online > 0 && before.vcpus_online != now.vcpus_online && !now.stopped)
        core_.timeline.note(domain, fmt::format("it has {} of its vCPUs online, and had {}", now.vcpus_online,
                                                before.vcpus_online));
}

/// Who takes a guest apart, saves it or resets it softly ends its device model, too, and has paused or
/// stopped the guest before. A soft reset gives it another one.
void Reconciler::follow_model(const Domain& domain, Life& life) {
    if (!life.seen.model_ended) life.model_ended = false;
    if (!life.seen.model_ended || life.seen.paused || life.stopped) return;
    if (std::exchange(life.model_ended, true)) return;
    log::warning("domain '{}' (domid {}): {}", domain.name, domain.domid(), model_ended_words);
    core_.timeline.note(domain, model_ended_words);
    core_.tell_seen(domain, domain::ModelEnded{});
}

void Reconciler::follow_ending(const DomainRef& domain, const Ending& ending) {
    jobs_.post(domain, JobKind::after_stop,
               [this, domain, life = domain->life->id, ending](hypervisor::Operation operation) {
                   return guests_.after_stop(domain, life, ending, std::move(operation));
               });
}

void Reconciler::consider(const DomainSeen& seen, Moment asked) {
    // Domain-0 is nobody's guest; one without a name is half made or half gone.
    if (seen.domid == 0 || seen.dying || seen.name.empty()) return;
    const auto holder = core_.registry.find_by_domid(seen.domid);
    if (holder && holder->uuid == seen.uuid) return;
    if (asked < core_.last_end) return core_.attend();
    const auto record = core_.registry.find(seen.uuid);
    if (record && !record->believes(asked)) return;

    auto& stranger = strangers_[seen.domid];
    if (stranger.uuid != seen.uuid) stranger = {seen.uuid, core_.scheduler.now()};
    if (record && record->life)
        return report(seen.domid, "has the uuid of another one that runs: it is not shown");
    // It may be over before it is described.
    if (record && seen.may_have_run()) set_image_aside(record);
    if (std::exchange(stranger.described, true)) return;
    found_.push_back(seen);
}

void Reconciler::report(DomId domid, std::string_view why) {
    auto& stranger = strangers_[domid];
    if (std::exchange(stranger.reported, true)) return;
    log::warning("the domain with domid {} (uuid {}) {}", domid, to_string(stranger.uuid), why);
}

/// One after the other until none is left: the start of the daemon waits for all that it finds.
async::Task<> Reconciler::adopt_found() {
    while (!found_.empty() && !stopping_) {
        auto seen = std::move(found_.front());
        found_.pop_front();
        co_await adopt(std::move(seen));
    }
}

async::Task<> Reconciler::adopt(DomainSeen seen) {
    auto described = co_await core_.hypervisor.describe(seen.domid, describing_.token());

    // The world went on meanwhile.
    const auto stranger = strangers_.find(seen.domid);
    if (stopping_ || stranger == strangers_.end() || stranger->second.uuid != seen.uuid) co_return;
    stranger->second.described = false;
    Life life;
    life.domid = seen.domid;
    life.ours = false;
    if (described) {
        life.definition = *std::move(described);
    } else {
        if (described.error().reason == Reason::no_domain) co_return;
        // Nothing tells a domain that is being built from one that is only paused, but how long it lasts.
        const Duration patience = seen.paused ? limits::foreign_build : limits::adoption_patience;
        if (core_.scheduler.now() < stranger->second.since + patience) co_return;
        report(seen.domid, "cannot be described: " + described.error().message);
        life.definition = as_seen(seen);
        life.undescribed = put_off({}, core_.scheduler.now());
    }
    const auto domain = record_for(seen);
    if (!domain) co_return;
    life.seen = std::move(seen);
    show_stranger(domain, std::move(life));
}

/// The record that this domain of another tool's gets; null: it cannot be shown, or one of ours is there or
/// on its way by now.
DomainRef Reconciler::record_for(const DomainSeen& seen) {
    if (auto known = core_.registry.find(seen.uuid))
        return known->life || known->changing > 0 ? nullptr : known;
    auto added = core_.registry.add(seen.uuid, name_of(seen));
    if (added) return *added;
    report(seen.domid, "is not shown: " + added.error().message);
    return nullptr;
}

void Reconciler::show_stranger(const DomainRef& domain, Life life) {
    const auto status = first_status(life.seen);
    domain->making.reset();  // whoever waits to start it has nothing to start any more
    core_.begin_life(domain, std::move(life), status);
    log::notice("domain '{}' (domid {}) was made by another tool", domain->name, domain->domid());
    core_.timeline.note(*domain, "it was made by another tool");
    set_image_aside(domain);
    core_.tell_seen(*domain, domain::Started::booted);
    if (status.state == domain::State::paused) core_.tell_seen(*domain, domain::Suspended::paused);
}

/// Its device model may answer by now. What jobs are changing meanwhile, a description would not have.
void Reconciler::describe_again(const DomainRef& domain) {
    if (!domain->life || !domain->life->undescribed || !domain->queue.idle()) return;
    auto& undescribed = *domain->life->undescribed;
    if (undescribed.asked || core_.scheduler.now() < undescribed.due) return;
    if (stopping_ || adoptions_.in_flight() >= limits::adoptions_at_once) return;
    undescribed.asked = true;
    adoptions_.spawn(complete(domain, domain->life->id));
}

async::Task<> Reconciler::complete(DomainRef domain, hypervisor::LifeId life) {
    const auto before = domain->life->definition;
    auto described = co_await core_.hypervisor.describe(domain->life->domid, describing_.token());
    if (stopping_ || !domain->life || domain->life->id != life) co_return;
    const bool is_current = domain->queue.idle() && domain->life->definition == before;
    if (described && is_current) co_return take_up(domain, *std::move(described));
    domain->life->undescribed = put_off(*domain->life->undescribed, core_.scheduler.now());
}

/// As another life, so that all who go by what it has learn of it; but nothing has begun that clients are
/// told of.
void Reconciler::take_up(const DomainRef& domain, domain::Definition described) {
    auto life = *domain->life;
    const auto status = domain->status;
    life.definition = completed(std::move(described), life.definition);
    life.undescribed.reset();
    life.devices_unsure = false;
    core_.end_life(domain, domain::ShutoffReason::unknown);
    core_.begin_life(domain, std::move(life), status);
    log::notice("domain '{}' (domid {}) is described: all that it has is shown", domain->name,
                domain->domid());
    core_.timeline.note(*domain, "it is described: all that it has is shown");
}

/// What another tool lets run has what was saved of it behind it.
void Reconciler::set_image_aside(const DomainRef& domain) {
    if (!domain->image) return;
    domain->image.outdate();
    if (domain->queue.has(JobKind::set_image_aside)) return;
    jobs_.post(domain, JobKind::set_image_aside,
               [this, domain](hypervisor::Operation) { return guests_.set_image_aside(domain); });
}

}  // namespace virtlight::manager
