// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/numa.hpp"

#include <algorithm>
#include <span>

#include "xenlight/cpu_tuning.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {

using domain::NumaCell;

void write_numa(const domain::Definition& definition, libxl_domain_build_info& info) {
    const auto& cells = definition.numa;
    if (cells.empty()) return;
    // The cells say where the memory is to be.
    libxl_defbool_set(&info.numa_placement, false);
    info.num_vnuma_nodes = static_cast<int>(cells.size());
    info.vnuma_nodes = allocate<libxl_vnode_info>(cells.size());
    for (std::size_t id = 0; id < cells.size(); ++id) {
        const auto& [memory_kib, vcpus, pnode, distances] = cells[id];
        auto& node = info.vnuma_nodes[id];
        libxl_vnode_info_init(&node);
        node.memkb = memory_kib;
        node.pnode = pnode;
        copy_cpus(vcpus, node.vcpus);
        node.num_distances = static_cast<int>(cells.size());
        node.distances = allocate<std::uint32_t>(cells.size());
        for (std::size_t other = 0; other < cells.size(); ++other)
            node.distances[other] = distances.empty() ? domain::usual_distance(id, other) : distances[other];
    }
}

std::vector<NumaCell> read_numa(const libxl_domain_build_info& info) {
    std::vector<NumaCell> cells;
    const std::span nodes(info.vnuma_nodes, static_cast<std::size_t>(info.num_vnuma_nodes));
    for (const auto& node : nodes) {
        auto& cell = cells.emplace_back(
            NumaCell{.memory_kib = node.memkb, .vcpus = read_cpus(node.vcpus), .node = node.pnode});
        const std::span distances(node.distances, static_cast<std::size_t>(node.num_distances));
        // xl leaves those at 0 that it is not told.
        if (std::ranges::any_of(distances, [](auto distance) { return distance != 0; }))
            cell.distances.assign(distances.begin(), distances.end());
    }
    domain::settle_distances(cells);
    return cells;
}

}  // namespace virtlight::xenlight
