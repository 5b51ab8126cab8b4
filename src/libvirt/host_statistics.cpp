// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include "libvirt/calls.hpp"

/// What is counted of the host.
namespace virtlight::libvirt::calls {

using async::Task;

namespace {

constexpr std::int32_t all_of_them = -1;
constexpr std::uint64_t kib = 1024;

/// A client first asks how many there are.
NodeStatsReply reply_of(std::vector<NodeStat> stats, std::int32_t max) {
    NodeStatsReply reply{.stats = std::move(stats)};
    reply.count = static_cast<std::int32_t>(reply.stats.size());
    keep_first(reply.stats, max);
    return reply;
}

/// The free memory of so many NUMA nodes from `first` on, as far as they are there, in KiB.
Task<Result<std::vector<std::uint64_t>>> free_of_nodes(Manager& manager, std::int64_t first,
                                                       std::int64_t count) {
    const auto nodes = static_cast<std::int64_t>(manager.host().numa.size());
    if (first < 0 || first >= nodes || count < 1)
        co_return fail(Reason::invalid_argument, "no NUMA nodes {} to {}: the host has {}", first,
                       first + count - 1, nodes);
    auto figures = co_await manager.measure_host();
    if (!figures) co_return std::unexpected(std::move(figures.error()));
    auto& free = figures->node_free_kib;
    const auto size = static_cast<std::int64_t>(free.size());
    const auto begin = std::min(first, size);
    co_return std::vector(free.begin() + begin, free.begin() + std::min(first + count, size));
}

}  // namespace

/// As many as there are numbers up to the highest that is online: clients take it for the room of their maps.
Result<CpuMapReply> cpu_map(Manager& manager, const CpuMapArgs& args) {
    const auto& host = manager.host();
    const auto online = host.online_cpus();
    CpuMapReply reply{.online = host.cpus, .cpus = static_cast<std::int32_t>(online.end())};
    if (args.need_map != 0) reply.online_map = online.bits((online.end() + 7) / 8);
    return reply;
}

/// Xen knows when a processor had nothing to do; all else it counts as work of a guest's.
Task<Result<NodeStatsReply>> node_cpu_stats(Manager& manager, NodeStatsArgs args) {
    const auto figures = co_await manager.measure_host();
    if (!figures) co_return std::unexpected(figures.error());
    const auto which = static_cast<unsigned>(args.which);
    const bool all = args.which == all_of_them;
    if (!all && !figures->cpu_idle.contains(which))
        co_return fail(Reason::invalid_argument, "there is no processor {} online: the host has {}",
                       args.which, figures->cpu_idle.size());
    nanoseconds idle_time{};
    nanoseconds busy_time{};
    for (const auto& [cpu, idle] : figures->cpu_idle) {
        if (!all && cpu != which) continue;
        idle_time += idle;
        busy_time += std::max(figures->up - idle, nanoseconds::zero());
    }
    co_return reply_of({{"user", static_cast<std::uint64_t>(busy_time.count())},
                        {"idle", static_cast<std::uint64_t>(idle_time.count())}},
                       args.max);
}

Task<Result<NodeStatsReply>> node_memory_stats(Manager& manager, NodeMemoryStatsArgs args) {
    const auto& host = manager.host();
    if (args.which == all_of_them)
        co_return reply_of({{"total", host.memory_kib}, {"free", manager.memory_free_kib()}}, args.max);
    const auto free = co_await free_of_nodes(manager, args.which, 1);
    if (!free) co_return std::unexpected(free.error());
    const auto total = host.numa[static_cast<std::size_t>(args.which)].memory_kib;
    co_return reply_of({{"total", total}, {"free", free->empty() ? 0 : free->front()}}, args.max);
}

Task<Result<std::vector<std::uint64_t>>> cells_free_memory(Manager& manager, CellsArgs args) {
    auto free = co_await free_of_nodes(manager, args.start, args.max);
    if (free) std::ranges::for_each(*free, [](std::uint64_t& each) { each *= kib; });
    co_return free;
}

/// Xen gives its memory away in whatever pieces it has, and counts it in pages of one size.
Task<Result<std::vector<std::uint64_t>>> free_pages(Manager& manager, FreePagesArgs args) {
    constexpr std::uint32_t page_kib = 4;
    const auto odd = std::ranges::find_if(args.sizes, [](auto size) { return size != page_kib; });
    if (odd != args.sizes.end())
        co_return fail(Reason::invalid_argument, "pages of {} KiB are not counted: use {}", *odd, page_kib);
    const auto free = co_await free_of_nodes(manager, args.first, args.nodes);
    if (!free) co_return std::unexpected(free.error());
    std::vector<std::uint64_t> counts;
    for (const auto each : *free)
        counts.insert(counts.end(), args.sizes.size(), each / page_kib);
    co_return counts;
}

}  // namespace virtlight::libvirt::calls
