// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/machine.hpp"

#include <utility>

#include <fmt/format.h>

namespace virtlight::simulated {
namespace {

using domain::Definition;
using domain::GuestType;
using hypervisor::DomainSeen;
using hypervisor::StopReason;

constexpr DomId dom0 = 0;

Definition describe_dom0(const Settings& settings) {
    return {.name = "Domain-0",
            .memory_max_kib = settings.dom0_memory_kib,
            .memory_kib = settings.dom0_memory_kib,
            .vcpus_max = settings.cpus,
            .vcpus = settings.cpus};
}

std::string_view type_name(GuestType type) {
    switch (type) {
        case GuestType::pv: return "PV";
        case GuestType::pvh: return "PVH";
        case GuestType::hvm: return "HVM";
    }
    return "?";
}

}  // namespace

Machine::Machine(async::Scheduler& scheduler, Settings settings, async::FdScheduler* consoles)
    : scheduler_(scheduler),
      consoles_(consoles),
      settings_(std::move(settings)),
      began_(scheduler.now()),
      memory_free_kib_(settings_.memory_kib - settings_.dom0_memory_kib) {
    Domain host{.domid = dom0, .definition = describe_dom0(settings_), .guest = Guest({}, {})};
    host.built = true;
    host.memory_built_kib = host.memory_asked_kib = host.definition.memory_kib;
    host.paused = false;
    host.guest.run(scheduler_.now());
    names_.insert(host.definition.name);
    domains_.emplace(dom0, std::move(host));
}

Machine::~Machine() {
    for (const auto& [domid, domain] : domains_) {
        scheduler_.cancel(domain.timer);
        scheduler_.cancel(domain.tty_timer);
    }
}

hypervisor::Snapshot Machine::look() const {
    hypervisor::Snapshot snapshot{.domains = {}, .memory_free_kib = memory_free_kib_};
    snapshot.domains.reserve(domains_.size());
    for (const auto& [domid, domain] : domains_)
        snapshot.domains.push_back(seen(domain));
    return snapshot;
}

DomainSeen Machine::seen(const Domain& domain) const {
    const auto& definition = domain.definition;
    const bool paused = domain.paused && !domain.dying;
    const auto& model_ends = domain.guest.behaviour().model_ends;
    const auto now = scheduler_.now();
    return {.domid = domain.domid,
            .uuid = definition.uuid,
            // Its name goes with its place in xenstore, while Xen still frees its memory.
            .name = domain.dying ? std::string() : definition.name,
            .paused = paused,
            .running = !paused && !domain.dying && !domain.guest.stopped(),
            .dying = domain.dying,
            .stopped = domain.guest.stopped(),
            .hvm = definition.type != GuestType::pv,
            .memory_kib = definition.memory_kib,
            .memory_max_kib = definition.memory_max_kib,
            .vcpus_online = definition.vcpus,
            .vcpus_max = definition.vcpus_max,
            .cpu_time = domain.guest.cpu_time(now),
            .model_ended =
                definition.type == GuestType::hvm && model_ends && domain.guest.ran(now) >= *model_ends};
}

Result<Definition> Machine::describe(DomId domid) const {
    const auto domain = guest_or_host(domid, "describe");
    if (!domain) return std::unexpected(domain.error());
    if (!(*domain)->built)
        return fail(Reason::invalid_state, "cannot describe domid {}: it is still being built", domid);
    auto definition = (*domain)->definition;
    if (definition.type == GuestType::hvm) definition.vcpus = (*domain)->model_vcpus;
    return definition;
}

Result<Machine::Domain*> Machine::guest(DomId domid, std::string_view wish) {
    if (domid == dom0)
        return fail(Reason::operation_failed, "cannot {} domid 0: Domain-0 is the host itself", wish);
    return guest_or_host(domid, wish);
}

Result<Machine::Domain*> Machine::guest_or_host(DomId domid, std::string_view wish) {
    if (const auto there = std::as_const(*this).guest_or_host(domid, wish); !there)
        return std::unexpected(there.error());
    return &domains_.at(domid);
}

Result<const Machine::Domain*> Machine::guest_or_host(DomId domid, std::string_view wish) const {
    const auto found = domains_.find(domid);
    if (found == domains_.end() || found->second.dying)
        return fail(Reason::no_domain, "cannot {} domid {}: there is no such domain", wish, domid);
    return &found->second;
}

Result<> Machine::destroy(DomId domid) {
    if (const auto found = domains_.find(domid); found != domains_.end() && found->second.dying) return {};
    const auto domain = guest(domid, "destroy");
    if (!domain) return std::unexpected(domain.error());
    begin_dying(**domain);
    return {};
}

void Machine::begin_dying(Domain& domain) {
    if (std::exchange(domain.dying, true)) return;
    const auto domid = domain.domid;
    domain.guest.hold(scheduler_.now());
    domain.consoles.clear();
    scheduler_.cancel(domain.tty_timer);
    names_.erase(domain.definition.name);
    scheduler_.cancel(domain.timer);
    domain.timer = scheduler_.call_at(scheduler_.now() + settings_.takes(settings_.times.dying),
                                      [this, domid] { bury(domid); });
    tell(domid, Happening::dying);
}

void Machine::bury(DomId domid) {
    const auto found = domains_.find(domid);
    memory_free_kib_ += found->second.definition.memory_kib;
    domains_.erase(found);
    tell(domid, Happening::gone);
}

Result<> Machine::pause(DomId domid) {
    const auto domain = guest(domid, "pause");
    if (!domain) return std::unexpected(domain.error());
    (*domain)->paused = true;
    (*domain)->guest.hold(scheduler_.now());
    hush(**domain);
    rearm(**domain);
    return {};
}

void Machine::hush(Domain& domain) {
    for (const auto& console : domain.consoles) {
        console->listen(false);
        console->flood(0);
    }
}

Result<> Machine::unpause(DomId domid) {
    const auto domain = guest(domid, "unpause");
    if (!domain) return std::unexpected(domain.error());
    (*domain)->paused = false;
    (*domain)->guest.run(scheduler_.now());
    if ((*domain)->built) greet(**domain);
    rearm(**domain);
    return {};
}

void Machine::greet(Domain& domain) {
    const bool first = !std::exchange(domain.greeted, true);
    for (const auto& console : domain.consoles) {
        if (first)
            console->print(fmt::format("simulated guest: type={} name={} domid={}\r\n{}",
                                       type_name(domain.definition.type), domain.definition.name,
                                       domain.domid, prompt));
        console->listen(!domain.guest.stopped());
        console->flood(domain.guest.stopped() ? 0 : domain.flood);
    }
}

Result<> Machine::rename(DomId domid, const std::string& name) {
    const auto domain = guest(domid, "rename");
    if (!domain) return std::unexpected(domain.error());
    auto& own = (*domain)->definition.name;
    if (name == own) return {};
    if (!names_.insert(name).second)
        return fail(Reason::operation_failed, "cannot rename domid {}: the name '{}' is in use", domid, name);
    names_.erase(own);
    own = name;
    return {};
}

Result<> Machine::stop(DomId domid, StopReason reason) {
    const auto domain = guest(domid, "stop");
    if (!domain) return std::unexpected(domain.error());
    if ((*domain)->guest.stopped()) return {};
    if ((*domain)->guest.cpu_time(scheduler_.now()) == Duration::zero())
        return fail(Reason::invalid_state, "cannot stop domid {}: it has not run yet", domid);
    (*domain)->guest.stop(reason, scheduler_.now());
    rearm(**domain);
    stopped(**domain);
    return {};
}

Result<> Machine::resume(DomId domid) {
    const auto domain = guest(domid, "resume");
    if (!domain) return std::unexpected(domain.error());
    (*domain)->guest.resume();
    return (*domain)->paused ? Result<>() : unpause(domid);
}

Result<Machine::Memory> Machine::memory_of(DomId domid, std::string_view wish) const {
    const auto domain = guest_or_host(domid, wish);
    if (!domain) return std::unexpected(domain.error());
    const bool has_model = (*domain)->definition.type == GuestType::hvm;
    return Memory{.ran = (*domain)->guest.ran(scheduler_.now()),
                  .memory_kib = (*domain)->definition.memory_kib,
                  .model_vcpus = has_model ? (*domain)->model_vcpus : 0,
                  .save_takes = (*domain)->guest.behaviour().save_takes};
}

Result<> Machine::soft_reset(DomId domid) {
    const auto domain = guest(domid, "soft reset");
    if (!domain) return std::unexpected(domain.error());
    if ((*domain)->guest.stopped() != StopReason::soft_reset)
        return fail(Reason::invalid_state, "the guest of domid {} does not wait for a soft reset", domid);
    (*domain)->guest.begin_anew();
    (*domain)->paused = true;
    (*domain)->greeted = false;
    return {};
}

Result<Machine::Memory> Machine::frozen(DomId domid) const {
    auto memory = memory_of(domid, "save");
    if (memory && domains_.at(domid).guest.stopped() != StopReason::suspend)
        return fail(Reason::invalid_state, "the guest of domid {} is not suspended", domid);
    return memory;
}

void Machine::stopped(Domain& domain) {
    hush(domain);
    tell(domain.domid, Happening::stopped);
}

Result<> Machine::ask(DomId domid, StopReason wish) {
    const auto domain = guest(domid, wish == StopReason::reboot    ? "reboot"
                                     : wish == StopReason::suspend ? "suspend"
                                                                   : "shut down");
    if (!domain) return std::unexpected(domain.error());
    (*domain)->guest.ask(wish, scheduler_.now());
    rearm(**domain);
    return {};
}

bool Machine::withdraw(DomId domid, StopReason wish) {
    const auto domain = guest(domid, "ask no more of");
    if (!domain) return true;
    const bool withdrawn = (*domain)->guest.withdraw(wish);
    rearm(**domain);
    return withdrawn;
}

void Machine::advance(DomId domid) {
    auto& domain = domains_.at(domid);
    const auto did = domain.guest.advance(scheduler_.now());
    rearm(domain);
    if (did.acknowledge) tell(domid, Happening::acknowledged);
    if (did.stop) stopped(domain);
}

void Machine::rearm(Domain& domain) {
    scheduler_.cancel(domain.timer);
    domain.timer = {};
    if (const auto due = domain.guest.next())
        domain.timer = scheduler_.call_at(*due, [this, domid = domain.domid] { advance(domid); });
}

void Machine::tell(DomId domid, Happening happening) {
    if (listener_) listener_(domid, happening);
}

}  // namespace virtlight::simulated
