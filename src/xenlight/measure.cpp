// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/measure.hpp"

#include <span>
#include <utility>

#include "xenlight/cpu_tuning.hpp"
#include "xenlight/host.hpp"
#include "xenlight/vbd_counters.hpp"
#include "xenlight/vif_counters.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomainFigures;
using hypervisor::DomId;
using hypervisor::VcpuFigures;

VcpuFigures figures(const libxl_vcpuinfo& vcpu) {
    return {.online = vcpu.online,
            .running = vcpu.running,
            .blocked = vcpu.blocked,
            .cpu = vcpu.cpu,
            .time = nanoseconds(vcpu.vcpu_time),
            .may_run_on = read_cpus(vcpu.cpumap)};
}

/// None of a domain that has gone meanwhile.
std::vector<VcpuFigures> read_vcpus(libxl_ctx* ctx, DomId domid) {
    int count = 0;
    int cpus = 0;
    libxl_vcpuinfo* const vcpus = libxl_list_vcpu(ctx, domid, &count, &cpus);
    std::vector<VcpuFigures> read;
    if (!vcpus) return read;
    for (const auto& vcpu : std::span(vcpus, static_cast<std::size_t>(count)))
        read.push_back(figures(vcpu));
    libxl_vcpuinfo_list_free(vcpus, count);
    return read;
}

/// What was counted of a domain, if anything was.
template <class Figures>
std::vector<Figures> taken(std::map<DomId, std::vector<Figures>>& counted, DomId domid) {
    auto node = counted.extract(domid);
    return node ? std::move(node.mapped()) : std::vector<Figures>();
}

}  // namespace

Result<std::vector<DomainFigures>> measure(Context& context, const hypervisor::FiguresWanted& wanted) {
    std::vector<DomainFigures> all;
    auto listed = context.attempt("measure Xen's domains", std::nullopt, [&](libxl_ctx* ctx) {
        return list_domains(ctx, [&](std::span<const libxl_dominfo> domains) {
            for (const auto& info : domains)
                if (wanted.of_domain(info.domid)) all.push_back({.seen = seen(info)});
        });
    });
    if (!listed) return std::unexpected(std::move(listed.error()));

    auto nics = wanted.nics ? read_vif_counters(wanted.named_nics) : VifCounters();
    auto disks = wanted.disks ? read_vbd_counters() : decltype(read_vbd_counters())();
    for (auto& domain : all) {
        const auto domid = domain.seen.domid;
        if (wanted.vcpus && !domain.seen.dying)
            domain.vcpus = context.enter([domid](libxl_ctx* ctx) { return read_vcpus(ctx, domid); });
        domain.nics = taken(nics, domid);
        domain.disks = taken(disks, domid);
    }
    return all;
}

}  // namespace virtlight::xenlight
