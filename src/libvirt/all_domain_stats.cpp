// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/listing.hpp"
#include "libvirt/measured.hpp"
#include "libvirt/statistics_params.hpp"

/// The statistics of many domains in one answer.
namespace virtlight::libvirt::calls {

using async::Task;
using hypervisor::FiguresWanted;
using manager::DiskOfDomain;
using manager::DomainInfo;

namespace {

/// The domains that were asked for, in the order of the manager's list.
std::vector<DomainInfo> chosen(const Manager& manager, const AllDomainStatsArgs& args) {
    std::unordered_set<Uuid> named;
    for (const auto& dom : args.domains)
        named.insert(dom.uuid);
    auto infos = manager.list();
    std::erase_if(infos, [&](const DomainInfo& info) {
        return (!named.empty() && !named.contains(info.uuid)) || !matches(info, args.flags & flag::list::all);
    });
    return infos;
}

/// What has to be measured of the domains that were asked for; none: nothing, as none of them runs.
std::optional<FiguresWanted> wanted_for(const Manager& manager, const AllDomainStatsArgs& args,
                                        std::uint32_t groups) {
    auto wanted = figures_for(groups);
    if (!wanted || args.domains.empty()) return wanted;
    for (const auto& info : chosen(manager, args))
        if (info.domid >= 0) wanted->of.push_back(static_cast<hypervisor::DomId>(info.domid));
    if (wanted->of.empty()) return std::nullopt;
    std::ranges::sort(wanted->of);
    return wanted;
}

Task<manager::DisksOfDomains> disks_for(Manager& manager, AllDomainStatsArgs args, std::uint32_t groups) {
    if ((groups & stats::block) == 0) co_return manager::DisksOfDomains();
    std::vector<Uuid> of;
    for (const auto& dom : args.domains)
        of.push_back(dom.uuid);
    const bool now = (args.flags & flag::stats_nowait) != 0;
    const Duration patience = now ? Duration::zero() : Duration(limits::disk_looks_patience);
    co_return co_await manager.disks(std::move(of), patience);
}

}  // namespace

/// A list of DomainStats, each encoded as it is made: together they are too many for one step.
Task<Result<Encoded>> all_domain_stats(Manager& manager, AllDomainStatsArgs args) {
    const auto unknown = args.groups & ~stats::all;
    if ((args.flags & flag::stats_enforce) != 0 && unknown != 0)
        co_return fail(Reason::unsupported_argument, "statistics of types 0x{:x} are not known here",
                       unknown);
    const auto groups = args.groups == 0 ? stats::all : args.groups & stats::all;
    Measured measured({});
    if (auto wanted = wanted_for(manager, args, groups)) {
        if ((args.flags & flag::stats_nowait) == 0) wanted->patience = limits::qmp_patience;
        auto figures = co_await manager.measure(*std::move(wanted));
        if (!figures) co_return std::unexpected(std::move(figures.error()));
        measured = Measured(*std::move(figures));
    }
    const auto disks = co_await disks_for(manager, args, groups);
    const auto infos = chosen(manager, args);
    Encoded all;
    XdrWriter writer(all.bytes);
    writer.put(static_cast<std::uint32_t>(infos.size()));
    for (std::size_t i = 0; i < infos.size(); ++i) {
        if (i > 0 && i % limits::stats_per_step == 0) co_await manager.give_way();
        const auto& info = infos[i];
        const auto of_it = disks.find(info.uuid);
        const auto its = of_it == disks.end() ? std::span<const DiskOfDomain>() : std::span(of_it->second);
        writer.put(DomainStats{wire_domain(info), statistics_params(info, measured.of(info), its, groups)});
    }
    if (!writer.within_limits())
        co_return fail(Reason::internal, "the statistics are over the limits of the wire");
    co_return all;
}

}  // namespace virtlight::libvirt::calls
