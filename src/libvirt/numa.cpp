// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"

/// Where a domain's memory is.
namespace virtlight::libvirt::calls {

using async::Task;
using domain::CpuSet;
using manager::Which;

namespace {

/// virDomainNumatuneMemMode
constexpr std::int32_t strict = 0;
constexpr std::int32_t interleave = 2;

/// Each NUMA cell of a guest is on one node; the memory of a guest without any is spread.
std::vector<TypedParam> params_of(const domain::Definition& definition, const CpuSet& nodes) {
    return {{"numa_nodeset", nodes.format()}, {"numa_mode", definition.numa.empty() ? interleave : strict}};
}

/// None, if a definition does not say.
CpuSet nodes_of(const domain::Definition& definition) {
    CpuSet nodes;
    for (const auto& cell : definition.numa)
        nodes.insert(cell.node);
    return nodes;
}

}  // namespace

Task<Result<ParamsReply>> numa_params(Manager& manager, ParamsArgs args) {
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) co_return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;
    const auto definition = manager.definition(info.uuid, which);
    if (!definition) co_return std::unexpected(definition.error());
    Result<CpuSet> nodes = nodes_of(*definition);
    if (which == Which::live) nodes = co_await manager.memory_nodes(info.uuid);
    if (!nodes) co_return std::unexpected(nodes.error());
    ParamsReply reply{.params = params_of(*definition, *nodes)};
    reply.count = static_cast<std::int32_t>(reply.params.size());
    keep_first(reply.params, args.max);
    co_return reply;
}

Result<> set_numa_params(Manager& manager, const SetParamsArgs& args) {
    const auto info = manager.find(args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    return fail(
        Reason::unsupported_operation,
        "cannot set the NUMA parameters of domain '{}': Xen puts a guest's memory near the processors "
        "that <vcpu cpuset> names, or on the nodes of its NUMA cells, when it starts, and moves none",
        info->name);
}

}  // namespace virtlight::libvirt::calls
