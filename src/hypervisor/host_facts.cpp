// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/host_facts.hpp"

namespace virtlight::hypervisor {

/// Where nobody has told which they are, they have no gaps.
domain::CpuSet HostFacts::online_cpus() const {
    if (topology.empty()) return domain::CpuSet::first(cpus);
    domain::CpuSet online;
    for (const auto& cpu : topology)
        online.insert(cpu.id);
    return online;
}

}  // namespace virtlight::hypervisor
