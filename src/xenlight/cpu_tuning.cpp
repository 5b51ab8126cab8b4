// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/cpu_tuning.hpp"

#include <algorithm>
#include <span>

#include "base/limits.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {

using domain::CpuSet;
using domain::CpuTuning;

namespace {

/// Xen's default is a negative number.
std::optional<unsigned> given(int number) {
    return number < 0 ? std::nullopt : std::optional(static_cast<unsigned>(number));
}

}  // namespace

void copy_cpus(const CpuSet& cpus, libxl_bitmap& map) {
    map.size = (cpus.end() + 7) / 8;
    map.map = allocate<std::uint8_t>(map.size);
    std::ranges::copy(cpus.bits(map.size), map.map);
}

int write_cpus(libxl_ctx* ctx, const CpuSet& cpus, libxl_bitmap& map) {
    if (const int rc = libxl_cpu_bitmap_alloc(ctx, &map, 0); rc != 0) return rc;
    for (unsigned cpu = 0; cpu < cpus.end(); ++cpu)
        if (cpus.contains(cpu)) libxl_bitmap_set(&map, static_cast<int>(cpu));
    return 0;
}

CpuSet read_cpus(const libxl_bitmap& map) {
    return CpuSet::from_bits({reinterpret_cast<const char*>(map.map), map.size});
}

/// libxl wants a set for each vCPU up to the last that has one; an empty one is none.
void write_cpu_tuning(const domain::Definition& definition, libxl_domain_build_info& info) {
    const auto& [cpus, pins, share] = definition.cpu_tuning;
    if (share.weight) info.sched_params.weight = static_cast<int>(*share.weight);
    if (share.cap) info.sched_params.cap = static_cast<int>(*share.cap);
    const auto last = pins.empty() ? 0 : pins.rbegin()->first + 1;
    const auto count = cpus.empty() ? last : definition.vcpus_max;
    if (count == 0) return;
    libxl_defbool_set(&info.numa_placement, false);
    info.num_vcpu_hard_affinity = static_cast<int>(count);
    info.vcpu_hard_affinity = allocate<libxl_bitmap>(count);
    for (unsigned vcpu = 0; vcpu < count; ++vcpu) {
        const auto pin = pins.find(vcpu);
        const auto& where = pin == pins.end() ? cpus : pin->second;
        copy_cpus(where.empty() ? CpuSet::first(limits::cpus) : where, info.vcpu_hard_affinity[vcpu]);
    }
}

CpuTuning read_cpu_tuning(const libxl_domain_build_info& info) {
    CpuTuning tuning{
        .share = {.weight = given(info.sched_params.weight), .cap = given(info.sched_params.cap)}};
    if (tuning.share.cap == 0) tuning.share.cap.reset();
    const std::span maps(info.vcpu_hard_affinity, static_cast<std::size_t>(info.num_vcpu_hard_affinity));
    const auto anywhere = CpuSet::first(limits::cpus);
    for (unsigned vcpu = 0; vcpu < maps.size(); ++vcpu) {
        auto cpus = read_cpus(maps[vcpu]);
        if (!cpus.empty() && cpus != anywhere) tuning.pins[vcpu] = std::move(cpus);
    }
    const bool all = !maps.empty() && tuning.pins.size() == static_cast<std::size_t>(info.max_vcpus);
    if (all && std::ranges::all_of(
                   tuning.pins, [&](const auto& pin) { return pin.second == tuning.pins.begin()->second; })) {
        tuning.cpus = tuning.pins.begin()->second;
        tuning.pins.clear();
    }
    return tuning;
}

}  // namespace virtlight::xenlight
