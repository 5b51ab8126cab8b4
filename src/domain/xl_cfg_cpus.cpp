// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/xl_cfg_options.hpp"

// Where a guest's vCPUs run, and how much they get.

namespace virtlight::domain {
namespace {

constexpr std::string_view anywhere = "all";

/// Empty: anywhere.
CpuSet read_set(const XlAt& at) {
    const auto& words = at.text();
    if (words.empty()) return {};
    if (words.contains("node"))
        at.unsupported("'{}' in '{}': NUMA nodes have no place in a definition; name their processors",
                       shown(words), at.key());
    auto cpus = CpuSet::parse_xls(words);
    if (!cpus) at.invalid("{}", cpus.error().message);
    return cpus == CpuSet::first(limits::cpus) ? CpuSet() : cpus.value_or(CpuSet());
}

/// One set for all vCPUs, or a list of one for each.
void read_cpus(const XlAt& at, Definition& definition) {
    if (!at.is_list()) {
        definition.cpu_tuning.cpus = read_set(at);
        return;
    }
    const auto items = at.items();
    if (items.size() > definition.vcpus_max)
        return at.invalid("'cpus' has {} sets, and the guest {} vCPUs", items.size(), definition.vcpus_max);
    for (unsigned vcpu = 0; vcpu < items.size(); ++vcpu)
        if (auto cpus = read_set(items[vcpu]); !cpus.empty())
            definition.cpu_tuning.pins[vcpu] = std::move(cpus);
}

void write_cpus(const Definition& definition, XlWriter& writer) {
    const auto& [cpus, pins, share] = definition.cpu_tuning;
    if (pins.empty()) return writer.text_if_any("cpus", cpus.format());
    const auto count = cpus.empty() ? pins.rbegin()->first + 1 : definition.vcpus_max;
    std::vector<std::string> sets(count, cpus.empty() ? std::string(anywhere) : cpus.format());
    for (const auto& [vcpu, where] : pins)
        sets[vcpu] = where.format();
    writer.texts("cpus", sets);
}

void read_weight(const XlAt& at, Definition& definition) {
    const auto weight = static_cast<unsigned>(at.number(CpuShare::weight_most));
    if (weight == 0) at.invalid("'cpu_weight' must be from 1 to {}", CpuShare::weight_most);
    definition.cpu_tuning.share.weight = weight;
}
void write_weight(const Definition& definition, XlWriter& writer) {
    if (const auto weight = definition.cpu_tuning.share.weight) writer.number("cpu_weight", *weight);
}

void read_cap(const XlAt& at, Definition& definition) {
    const auto cap = static_cast<unsigned>(at.number(CpuShare::cap_most));
    if (cap > 0) definition.cpu_tuning.share.cap = cap;
}
void write_cap(const Definition& definition, XlWriter& writer) {
    if (const auto cap = definition.cpu_tuning.share.cap) writer.number("cap", *cap);
}

constexpr XlOption cpu_options[] = {
    {"cpus", "`vcpu/@cpuset`, or of a list `cputune/vcpupin`; without NUMA nodes", read_cpus, write_cpus},
    {"cpu_weight", "`cputune/shares`", read_weight, write_weight},
    {"cap", "`cputune/global_quota`, in percent of `global_period`", read_cap, write_cap},
};

}  // namespace

constinit const XlOptions xl_cpu_options = cpu_options;

}  // namespace virtlight::domain
