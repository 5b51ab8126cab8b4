// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "libvirt/calls.hpp"

/// What is counted of the host.
namespace virtlight::libvirt::calls {

namespace {

/// A client first asks how many there are.
NodeStatsReply reply_of(std::vector<NodeStat> stats, std::int32_t max) {
    const auto most = static_cast<std::size_t>(std::max(max, 0));
    NodeStatsReply reply{.count = static_cast<std::int32_t>(stats.size())};
    if (most == 0) return reply;
    stats.resize(std::min(stats.size(), most));
    reply.stats = std::move(stats);
    return reply;
}

}  // namespace

/// Xen brings up all processors that there are.
Result<CpuMapReply> cpu_map(Manager& manager, const CpuMapArgs& args) {
    const auto cpus = manager.host().cpus;
    CpuMapReply reply{.online = cpus, .cpus = static_cast<std::int32_t>(cpus)};
    if (args.need_map != 0) reply.online_map = domain::CpuSet::first(cpus).bits((cpus + 7) / 8);
    return reply;
}

Result<NodeStatsReply> node_memory_stats(Manager& manager, const NodeMemoryStatsArgs& args) {
    const auto nodes = manager.host().nodes;
    constexpr std::int32_t all_nodes = -1;
    if (args.which != all_nodes && (nodes > 1 || args.which != 0))
        return fail(Reason::invalid_argument, "the memory of NUMA node {} is not counted: use that of all",
                    args.which);
    return reply_of({{"total", manager.host().memory_kib}, {"free", manager.memory_free_kib()}}, args.max);
}

}  // namespace virtlight::libvirt::calls
