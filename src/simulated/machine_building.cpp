// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "hypervisor/labels.hpp"
#include "simulated/machine.hpp"

/// How a domain comes into a simulated machine: it is begun, and introduced when it is built; or it is
/// discarded.
namespace virtlight::simulated {

using domain::Definition;

Result<DomId> Machine::create(const Definition& definition, bool paused) {
    const auto begun = begin(definition);
    if (!begun) return std::unexpected(begun.error());
    if (auto introduced = introduce(*begun); !introduced) {
        discard(*begun);
        return std::unexpected(std::move(introduced).error());
    }
    if (!paused) static_cast<void>(unpause(begun->domid));
    return begun->domid;
}

Result<Machine::Begun> Machine::begin(const Definition& definition, Duration ran) {
    const auto& name = definition.name;
    auto behaviour = parse_behaviour(definition.boot.cmdline);
    if (!behaviour)
        return fail(behaviour.error().reason, "cannot create domain '{}': {}", name,
                    behaviour.error().message);
    if (names_.contains(name))
        return fail(Reason::operation_failed, "cannot create domain '{}': the name is in use", name);
    if (const auto labels = hypervisor::labels_of(definition); !labels.empty())
        return fail(Reason::unsupported_config, "cannot create domain '{}': {}", name,
                    hypervisor::no_flask(labels.front()).error().message);
    if (definition.memory_kib > memory_free_kib_)
        return std::unexpected(
            Error{Reason::operation_failed,
                  fmt::format("cannot create domain '{}': the host has not enough free memory", name),
                  {fmt::format("simulated: building needs {} KiB of memory, {} KiB are free",
                               definition.memory_kib, memory_free_kib_)}});
    for (const auto& device : definition.pci_devices)
        if (const auto taken = take_pci_device(device); !taken)
            return fail(taken.error().reason, "cannot create domain '{}': {}", name, taken.error().message);
    const auto domid = next_domid();
    if (!domid)
        return fail(Reason::operation_failed, "cannot create domain '{}': all domids are in use", name);

    const Guest::Pace pace{settings_.takes(settings_.times.acknowledge),
                           settings_.takes(settings_.times.power_off)};
    const auto build_id = builds_.next();
    names_.insert(name);
    memory_free_kib_ -= definition.memory_kib;
    domains_.emplace(*domid, Domain{.domid = *domid,
                                    .build_id = build_id,
                                    .definition = definition,
                                    .guest = Guest(*behaviour, pace, ran),
                                    .memory_built_kib = definition.memory_max_kib,
                                    .memory_asked_kib = definition.memory_kib,
                                    .model_vcpus = definition.vcpus,
                                    .greeted = ran > Duration::zero(),
                                    .flood = behaviour->console_flood,
                                    .late_tty = behaviour->late_tty});
    return Begun{*domid, build_id, name, *behaviour};
}

std::optional<DomId> Machine::next_domid() {
    if (domains_.size() > settings_.last_domid) return std::nullopt;
    do {
        last_domid_ = last_domid_ >= settings_.last_domid ? 1 : last_domid_ + 1;
    } while (domains_.contains(last_domid_));
    return last_domid_;
}

Machine::Domain* Machine::find(const Begun& begun) {
    const auto found = domains_.find(begun.domid);
    return found != domains_.end() && found->second.build_id == begun.build_id ? &found->second : nullptr;
}

Result<> Machine::introduce(const Begun& begun) {
    auto* const domain = find(begun);
    if (!domain || domain->dying)
        return fail(Reason::operation_failed,
                    "cannot create domain '{}': somebody destroyed it while it was being built", begun.name);
    if (auto taken = take_vnc_port(*domain); !taken) return taken;
    take_spice_port(*domain);
    if (auto opened = open_consoles(*domain); !opened) return opened;
    domain->built = true;
    if (!domain->paused) greet(*domain);
    tell(begun.domid, Happening::introduced);
    return {};
}

Result<> Machine::open_consoles(Domain& domain) {
    for (auto& console : domain.definition.consoles) {
        console.tty.clear();
        if (!consoles_) continue;
        auto pty = ConsolePty::open(*consoles_);
        if (!pty)
            return std::unexpected(
                Error{Reason::operation_failed,
                      fmt::format("cannot create domain '{}': it gets no console", domain.definition.name),
                      {std::move(pty).error().message}});
        domain.consoles.push_back(*std::move(pty));
    }
    if (domain.late_tty == Duration::zero()) {
        name_ttys(domain);
    } else {
        domain.tty_timer =
            scheduler_.call_at(scheduler_.now() + domain.late_tty, [this, domid = domain.domid] {
                name_ttys(domains_.at(domid));
                tell(domid, Happening::ttys);
            });
    }
    return {};
}

void Machine::name_ttys(Domain& domain) {
    for (std::size_t i = 0; i < domain.consoles.size(); ++i)
        if (auto& console = domain.definition.consoles[i]; has_pty(console))
            console.tty = domain.consoles[i]->tty();
}

Result<> Machine::take_vnc_port(Domain& domain) {
    auto& vnc = domain.definition.graphics.vnc;
    if (!vnc) return {};
    const auto asked = std::exchange(vnc->port, 0);
    auto port = vnc->autoport ? domain::first_vnc_port : asked;
    if (!vnc->autoport && is_vnc_port(port))
        return fail(Reason::operation_failed, "cannot create domain '{}': VNC port {} is in use",
                    domain.definition.name, port);
    while (is_vnc_port(port))
        ++port;
    vnc->port = port;
    return {};
}

bool Machine::is_vnc_port(unsigned port) const {
    return std::ranges::any_of(domains_, [port](const auto& entry) {
        const auto& vnc = entry.second.definition.graphics.vnc;
        return vnc && entry.second.built && vnc->port == port;
    });
}

void Machine::take_spice_port(Domain& domain) const {
    auto& spice = domain.definition.graphics.spice;
    if (!spice || !spice->autoport) return;
    std::set<unsigned> taken;
    for (const auto& [domid, other] : domains_)
        if (const auto& theirs = other.definition.graphics.spice; theirs && other.built)
            taken.insert(theirs->port);
    spice->port = limits::first_spice_port;
    while (taken.contains(spice->port))
        ++spice->port;
}

std::optional<hypervisor::Created> Machine::created(const Begun& begun) const {
    const auto found = domains_.find(begun.domid);
    if (found == domains_.end() || found->second.build_id != begun.build_id || found->second.dying)
        return std::nullopt;
    const auto& definition = found->second.definition;
    hypervisor::Created created{.domid = begun.domid, .consoles = definition.consoles};
    if (const auto& vnc = definition.graphics.vnc) created.vnc_port = vnc->port;
    if (const auto& spice = definition.graphics.spice; spice && spice->autoport)
        created.spice_port = spice->port;
    return created;
}

bool Machine::discard(const Begun& begun) {
    auto* const domain = find(begun);
    if (!domain) return false;
    begin_dying(*domain);
    return true;
}

}  // namespace virtlight::simulated
