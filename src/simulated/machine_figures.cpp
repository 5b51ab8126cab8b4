// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/machine.hpp"

/// What a simulated machine counts of its guests: all of it grows with the time that they have run.
namespace virtlight::simulated {

using hypervisor::DomainFigures;
using hypervisor::FiguresWanted;

std::vector<DomainFigures> Machine::measure(const FiguresWanted& wanted) const {
    std::vector<DomainFigures> all;
    for (const auto& [domid, domain] : domains_)
        if (wanted.of_domain(domid)) all.push_back(figures(domain, wanted));
    return all;
}

DomainFigures Machine::figures(const Domain& domain, const FiguresWanted& wanted) const {
    DomainFigures figures{.seen = seen(domain)};
    figures.seen.name.clear();
    const auto& definition = domain.definition;
    if (!wanted.vcpus || domain.dying) return figures;
    for (unsigned vcpu = 0; vcpu < definition.vcpus_max; ++vcpu) {
        const bool online = vcpu < definition.vcpus;
        figures.vcpus.push_back({.online = online,
                                 .running = online && figures.seen.running,
                                 .blocked = online && !figures.seen.running,
                                 .cpu = (domain.domid + vcpu) % settings_.cpus,
                                 .time = online ? figures.seen.cpu_time / definition.vcpus : nanoseconds(),
                                 .may_run_on = domain::CpuSet::first(settings_.cpus)});
    }
    return figures;
}

}  // namespace virtlight::simulated
