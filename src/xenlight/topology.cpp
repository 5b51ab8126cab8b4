// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/topology.hpp"

#include <algorithm>
#include <ctime>
#include <set>
#include <span>
#include <utility>

#include "xenlight/idle_times.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::HostCpu;
using hypervisor::HostFacts;
using hypervisor::HostFigures;
using hypervisor::HostNode;

constexpr std::uint64_t kib = 1024;

/// Calls `each(number, info)` for each NUMA node that has memory or says how far it is from others.
template <class Each>
Result<> for_each_node(Context& context, Each each) {
    return context.attempt("read Xen's NUMA nodes", std::nullopt, [&](libxl_ctx* ctx) {
        int count = 0;
        libxl_numainfo* const nodes = libxl_get_numainfo(ctx, &count);
        if (!nodes) return static_cast<int>(ERROR_FAIL);
        for (unsigned id = 0; id < static_cast<unsigned>(count); ++id)
            if (nodes[id].size != LIBXL_NUMAINFO_INVALID_ENTRY) each(id, nodes[id]);
        libxl_numainfo_list_free(nodes, count);
        return 0;
    });
}

HostNode host_node(unsigned id, const libxl_numainfo& info) {
    const std::span distances(info.dists, static_cast<std::size_t>(std::max(info.num_dists, 0)));
    return {.id = id, .memory_kib = info.size / kib, .distances = {distances.begin(), distances.end()}};
}

/// Those that are online.
Result<std::vector<HostCpu>> read_cpus(Context& context) {
    std::vector<HostCpu> cpus;
    auto read = context.attempt("read where Xen's processors are", std::nullopt, [&](libxl_ctx* ctx) {
        int count = 0;
        libxl_cputopology* const topology = libxl_get_cpu_topology(ctx, &count);
        if (!topology) return static_cast<int>(ERROR_FAIL);
        for (unsigned id = 0; id < static_cast<unsigned>(count); ++id) {
            const auto& cpu = topology[id];
            if (cpu.core != LIBXL_CPUTOPOLOGY_INVALID_ENTRY)
                cpus.push_back({.id = id, .node = cpu.node, .socket = cpu.socket, .core = cpu.core});
        }
        libxl_cputopology_list_free(topology, count);
        return 0;
    });
    if (!read) return std::unexpected(std::move(read.error()));
    return cpus;
}

/// Xen's clock and dom0's began within seconds of each other.
nanoseconds since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

}  // namespace

Result<> read_topology(Context& context, HostFacts& facts) {
    auto cpus = read_cpus(context);
    if (!cpus) return std::unexpected(std::move(cpus.error()));
    facts.topology = std::move(*cpus);
    auto read = for_each_node(
        context, [&](unsigned id, const libxl_numainfo& info) { facts.numa.push_back(host_node(id, info)); });
    std::set<std::pair<unsigned, unsigned>> sockets;
    for (const auto& cpu : facts.topology)
        sockets.emplace(cpu.node, cpu.socket);
    if (!sockets.empty())
        facts.sockets_per_node = std::max(static_cast<unsigned>(sockets.size()) / facts.nodes, 1U);
    return read;
}

Result<HostFigures> measure_host(Context& context) {
    HostFigures figures{.up = since_boot()};
    auto read = for_each_node(context, [&](unsigned, const libxl_numainfo& info) {
        figures.node_free_kib.push_back(info.free / kib);
    });
    if (!read) return std::unexpected(std::move(read.error()));
    const auto idle = read_idle_times();
    if (!idle) return std::unexpected(idle.error());
    const auto online = read_cpus(context);
    if (!online) return std::unexpected(online.error());
    for (const auto& cpu : *online)
        if (cpu.id < idle->size()) figures.cpu_idle[cpu.id] = (*idle)[cpu.id];
    return figures;
}

}  // namespace virtlight::xenlight
