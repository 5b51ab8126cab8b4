// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/domain.hpp"

#include <algorithm>
#include <utility>

#include "domain/memory.hpp"

namespace virtlight::manager {
namespace {

bool differs(const domain::Definition& stored, const domain::Definition& live) {
    // The copy is only made for guests that have ttys or a taken port.
    return stored != live && stored != at_rest(live);
}

JobReport::Operation operation(JobKind kind) {
    using enum JobReport::Operation;
    switch (kind) {
        case JobKind::start:
        case JobKind::create: return start;
        case JobKind::save: return save;
        case JobKind::restore: return restore;
        case JobKind::dump_core: return dump;
        default: return other;
    }
}

}  // namespace

domain::Definition at_rest(domain::Definition definition) {
    for (auto& console : definition.consoles)
        console.tty.clear();
    definition.graphics = without_taken_ports(std::move(definition.graphics));
    definition.usb = without_found_addresses(std::move(definition.usb));
    definition.nics = without_found_bridges(std::move(definition.nics));
    return definition;
}

domain::Definition keeping_bridges(domain::Definition definition, const domain::Definition& ran) {
    definition.nics = with_bridges_of(ran.nics, std::move(definition.nics));
    return definition;
}

JobReport report(const RunningJob& job, Time now) {
    return {.state = JobReport::State::running,
            .operation = operation(job.kind),
            .elapsed = now - job.since,
            .bytes = job.progress->bytes,
            .bytes_all = job.progress->bytes_all,
            .id = job.id.value,
            .verb = rules(job.kind).verb,
            .phase = in_words(job.progress->stage.load()),
            .client = job.client,
            .left = job.due ? std::optional(std::max(*job.due - now, Duration::zero())) : std::nullopt};
}

const RunningJob* current_job(const Domain& domain) {
    if (domain.job) return &*domain.job;
    return domain.request ? &*domain.request : nullptr;
}

const domain::Definition* definition(const Domain& domain, Which which) {
    const auto* stored = domain.stored ? &*domain.stored : nullptr;
    if (stored && which == Which::stored) return stored;
    const auto* const used = in_use(domain);
    return used ? used : stored;
}

const domain::Definition* in_use(const Domain& domain) {
    if (domain.life) return &domain.life->definition;
    return domain.making ? &*domain.making : nullptr;
}

std::array<const domain::Definition*, 3> claims(const Domain& domain) {
    const bool may_come = domain.life && domain.life->may_come;
    return {in_use(domain), domain.coming.get(), may_come ? &*domain.life->may_come : nullptr};
}

domain::Definition shown(const Domain& domain, Which which) {
    const auto& found = *definition(domain, which);
    auto copy = found;
    if (!domain.life || &found != &domain.life->definition || domain.life->seen.memory_kib == 0) return copy;
    // Xen's own share of a guest's memory counts, too: more than the maximum would be no definition.
    const auto has = domain::whole_mib(domain.life->seen.memory_kib);
    copy.memory_kib = std::min(has, copy.memory_max_kib);
    return copy;
}

bool is_updated(const Domain& domain) {
    return domain.life && domain.stored && differs(*domain.stored, domain.life->definition);
}

Stored to_store(const Domain& domain, domain::Definition definition) {
    return {.definition = std::move(definition),
            .autostart = domain.autostart,
            .autostart_once = domain.autostart_once};
}

DomainInfo info(const Domain& domain) {
    const auto& asked = *definition(domain, Which::live);
    DomainInfo info;
    info.name = domain.name;
    info.uuid = domain.uuid;
    info.domid = domain.domid();
    info.status = domain.status;
    info.type = asked.type;
    info.persistent = domain.stored.has_value();
    info.autostart = domain.autostart;
    info.autostart_once = domain.autostart_once;
    info.managed_image = static_cast<bool>(domain.image);
    info.memory_kib = asked.memory_kib;
    info.memory_max_kib = asked.memory_max_kib;
    info.vcpus = asked.vcpus;
    info.vcpus_max = asked.vcpus_max;
    if (!domain.life) return info;

    info.model_ended = domain.life->model_ended;
    const auto& seen = domain.life->seen;
    if (seen.memory_kib > 0) info.memory_kib = seen.memory_kib;
    if (seen.vcpus_online > 0) info.vcpus = seen.vcpus_online;
    info.cpu_time = seen.cpu_time;
    return info;
}

}  // namespace virtlight::manager
