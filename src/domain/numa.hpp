// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "domain/cpu_set.hpp"

namespace virtlight::domain {

struct Definition;

/// A NUMA node that a guest sees.
struct NumaCell {
    static constexpr unsigned nearest = 10;
    static constexpr unsigned farthest = 255;  ///< it cannot be reached

    std::uint64_t memory_kib = 0;       ///< whole MiB
    CpuSet vcpus{};                     ///< by number
    unsigned node = 0;                  ///< of the host, where the memory is; less than limits::nodes
    std::vector<unsigned> distances{};  ///< to each of the cells, nearest to farthest; none: the usual ones

    bool operator==(const NumaCell&) const = default;
};

/// From one of a guest's cells to another, where a definition does not tell.
unsigned usual_distance(std::size_t from, std::size_t to);

/// Has all of a guest's cells have distances, or none of them if they are the usual ones.
void settle_distances(std::vector<NumaCell>& cells);

/// Whether Xen can give a guest its cells, which have all of its memory and all of its vCPUs, each once.
/// unsupported_config: says what is not so. A guest without cells is good.
Result<> check_numa(const Definition& definition);

}  // namespace virtlight::domain
