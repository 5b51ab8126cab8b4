// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/machine.hpp"

/// What a simulated machine counts of its guests: all of it grows with the time that they have run.
namespace virtlight::simulated {

namespace {

constexpr std::uint64_t packet_bytes = 100;
constexpr std::uint64_t request_bytes = 4096;
constexpr nanoseconds request_time{100'000};

std::uint64_t milliseconds_of(nanoseconds ran) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(ran).count());
}

/// Each guest sends a packet and writes a block each millisecond, and gets two of each.
std::vector<hypervisor::NicFigures> nics_of(const domain::Definition& definition, DomId domid,
                                            nanoseconds ran) {
    const auto count = milliseconds_of(ran);
    std::vector<hypervisor::NicFigures> nics;
    for (const auto& nic : definition.nics)
        nics.push_back({.name = domain::vif_name(nic, domid),
                        .devid = nic.devid,
                        .received = {.bytes = 2 * count * packet_bytes, .packets = 2 * count},
                        .sent = {.bytes = count * packet_bytes, .packets = count}});
    return nics;
}

/// A device model counts how long its requests take, unlike the kernel.
void add_times(hypervisor::DiskFigures& disk) {
    for (auto* const way : {&disk.read, &disk.written})
        way->time = request_time * static_cast<nanoseconds::rep>(way->requests);
    disk.flush_time = nanoseconds::zero();
}

std::vector<hypervisor::DiskFigures> disks_of(const domain::Definition& definition, nanoseconds ran) {
    const auto count = milliseconds_of(ran);
    std::vector<hypervisor::DiskFigures> disks;
    for (const auto& disk : definition.disks) {
        auto& figures = disks.emplace_back(hypervisor::DiskFigures{.target = disk.target});
        if (disk.source == domain::Disk::Source::none) continue;
        figures.read = {.requests = 2 * count, .bytes = 2 * count * request_bytes};
        if (!disk.readonly) figures.written = {.requests = count, .bytes = count * request_bytes};
        if (domain::backend_of(disk) == domain::Disk::Backend::qemu) add_times(figures);
    }
    return disks;
}

}  // namespace

using hypervisor::DomainFigures;
using hypervisor::FiguresWanted;

std::vector<DomainFigures> Machine::measure(const FiguresWanted& wanted) const {
    std::vector<DomainFigures> all;
    for (const auto& [domid, domain] : domains_)
        if (wanted.of_domain(domid)) all.push_back(figures(domain, wanted));
    return all;
}

domain::CpuSet Machine::may_run_on(const Domain& domain, unsigned vcpu) const {
    const auto all = domain::CpuSet::first(settings_.cpus);
    const auto& [cpus, pins, share] = domain.definition.cpu_tuning;
    const auto pin = pins.find(vcpu);
    if (pin != pins.end()) return pin->second;
    return cpus.empty() ? all : cpus;
}

DomainFigures Machine::figures(const Domain& domain, const FiguresWanted& wanted) const {
    DomainFigures figures{.seen = seen(domain)};
    figures.seen.name.clear();
    const auto& definition = domain.definition;
    if (domain.dying) return figures;
    if (wanted.nics) figures.nics = nics_of(definition, domain.domid, figures.seen.cpu_time);
    if (wanted.disks) figures.disks = disks_of(definition, figures.seen.cpu_time);
    if (!wanted.vcpus) return figures;
    for (unsigned vcpu = 0; vcpu < definition.vcpus_max; ++vcpu) {
        const bool online = vcpu < definition.vcpus;
        figures.vcpus.push_back({.online = online,
                                 .running = online && figures.seen.running,
                                 .blocked = online && !figures.seen.running,
                                 .cpu = (domain.domid + vcpu) % settings_.cpus,
                                 .time = online ? figures.seen.cpu_time / definition.vcpus : nanoseconds(),
                                 .may_run_on = may_run_on(domain, vcpu)});
    }
    return figures;
}

}  // namespace virtlight::simulated
