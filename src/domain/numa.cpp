// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/numa.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "domain/definition.hpp"

namespace virtlight::domain {
namespace {

template <class... Args>
std::unexpected<Error> refuse_numa(fmt::format_string<Args...> text, Args&&... args) {
    return fail(Reason::unsupported_config, text, std::forward<Args>(args)...);
}

std::vector<unsigned> usual_distances(std::size_t from, std::size_t cells) {
    std::vector<unsigned> distances;
    for (std::size_t to = 0; to < cells; ++to)
        distances.push_back(usual_distance(from, to));
    return distances;
}

Result<> check_memory(const Definition& definition) {
    auto left_kib = definition.memory_max_kib;
    for (const auto& cell : definition.numa) {
        if (cell.memory_kib > left_kib) return refuse_numa("the NUMA cells have more memory than the guest");
        left_kib -= cell.memory_kib;
    }
    if (left_kib > 0) return refuse_numa("the NUMA cells have {} KiB less memory than the guest", left_kib);
    if (definition.memory_kib < definition.memory_max_kib)
        return refuse_numa("a guest with NUMA cells has all of its memory from its start, {} KiB and not {}",
                           definition.memory_max_kib, definition.memory_kib);
    return {};
}

Result<> check_vcpus(const std::vector<NumaCell>& cells, unsigned vcpus_max) {
    CpuSet all;
    for (const auto& cell : cells) {
        for (unsigned vcpu = 0; vcpu < cell.vcpus.end(); ++vcpu) {
            if (!cell.vcpus.contains(vcpu)) continue;
            if (all.contains(vcpu)) return refuse_numa("vCPU {} is in two NUMA cells", vcpu);
            all.insert(vcpu);
        }
    }
    if (all != CpuSet::first(vcpus_max))
        return refuse_numa("the NUMA cells must have the vCPUs 0 to {}, and have {}", vcpus_max - 1,
                           all.format());
    return {};
}

Result<> check_distances(const std::vector<NumaCell>& cells) {
    for (std::size_t id = 0; id < cells.size(); ++id) {
        const auto& distances = cells[id].distances;
        if (distances.empty()) continue;
        if (distances.size() != cells.size())
            return refuse_numa("NUMA cell {} has {} distances; there are {} cells", id, distances.size(),
                               cells.size());
        const auto [least, most] = std::ranges::minmax(distances);
        if (least < NumaCell::nearest || most > NumaCell::farthest)
            return refuse_numa("the distances of NUMA cell {} must be from {} to {}", id, NumaCell::nearest,
                               NumaCell::farthest);
        if (least < distances[id]) return refuse_numa("NUMA cell {} is nearer to another than to itself", id);
    }
    return {};
}

}  // namespace

unsigned usual_distance(std::size_t from, std::size_t to) {
    constexpr unsigned remote = 20;
    return from == to ? NumaCell::nearest : remote;
}

void settle_distances(std::vector<NumaCell>& cells) {
    if (cells.size() > limits::numa_cells) return;  // which check_numa() refuses
    bool usual = true;
    for (std::size_t id = 0; id < cells.size(); ++id) {
        auto& distances = cells[id].distances;
        auto otherwise = usual_distances(id, cells.size());
        if (distances.empty())
            distances = std::move(otherwise);
        else
            usual = usual && distances == otherwise;
    }
    if (!usual) return;
    for (auto& cell : cells)
        cell.distances.clear();
}

Result<> check_numa(const Definition& definition) {
    const auto& cells = definition.numa;
    if (cells.empty()) return {};
    // libxl refuses them of PV guests; of PVH guests it takes Xen's first answer about them for a failure.
    if (definition.type != GuestType::hvm) return refuse_numa("only an HVM guest can have NUMA cells");
    if (cells.size() > limits::numa_cells)
        return refuse_numa("a guest can have {} NUMA cells, not {}", limits::numa_cells, cells.size());
    if (auto good = check_memory(definition); !good) return good;
    if (auto good = check_vcpus(cells, definition.vcpus_max); !good) return good;
    return check_distances(cells);
}

}  // namespace virtlight::domain
