// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "domain/xl_cfg_options.hpp"

// The NUMA cells that a guest sees: [ ["pnode=0","size=512","vcpus=0-3","vdistances=10,20"], [...] ]

namespace virtlight::domain {
namespace {

std::uint64_t read_number(const XlAt& at, std::string_view name, std::string_view text, std::uint64_t most) {
    const auto number = whole_number<std::uint64_t>(text);
    if (number && *number <= most) return *number;
    at.invalid("'{}' in 'vnuma' must be a number from 0 to {}, not '{}'", name, most, shown(text));
    return 0;
}

std::vector<unsigned> read_distances(const XlAt& at, std::string_view text) {
    std::vector<unsigned> distances;
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(','));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        distances.push_back(
            static_cast<unsigned>(read_number(at, "vdistances", trimmed(word), NumaCell::farthest)));
    }
    return distances;
}

void read_word(const XlAt& at, NumaCell& cell) {
    const std::string_view text = at.text();
    const auto equals = text.find('=');
    const auto name = trimmed(text.substr(0, equals));
    const auto value = equals == text.npos ? std::string_view() : trimmed(text.substr(equals + 1));
    if (name == "pnode") {
        cell.node = static_cast<unsigned>(read_number(at, name, value, limits::nodes - 1));
    } else if (name == "size") {
        cell.memory_kib = read_number(at, name, value, most_memory_mib) * mib;
    } else if (name == "vcpus") {
        auto vcpus = CpuSet::parse(value);
        if (!vcpus) at.invalid("{}", vcpus.error().message);
        cell.vcpus = std::move(vcpus).value_or(CpuSet());
    } else if (name == "vdistances") {
        cell.distances = read_distances(at, value);
    } else {
        at.unsupported("'{}' in 'vnuma' is not supported", shown(text));
    }
}

/// As xl has it, the cells say how many vCPUs there are where 'maxvcpus' does not.
void read_vnuma(const XlAt& at, Definition& definition) {
    auto& cells = definition.numa;
    for (const auto& item : at.items()) {
        auto& cell = cells.emplace_back();
        for (const auto& word : item.items())
            read_word(word, cell);
        if (!at.sibling("maxvcpus"))
            definition.vcpus_max =
                std::max(definition.vcpus_max, std::min(cell.vcpus.end(), most_vcpus(definition.type)));
    }
    settle_distances(cells);
    if (const auto good = check_numa(definition); !good) at.unsupported("{}", good.error().message);
}

void write_vnuma(const Definition& definition, XlWriter& writer) {
    XlValue cells{.kind = XlValue::Kind::list};
    for (const auto& [memory_kib, vcpus, node, distances] : definition.numa) {
        auto& cell = cells.items.emplace_back(XlValue{.kind = XlValue::Kind::list});
        cell.items = {{.text = fmt::format("pnode={}", node)},
                      {.text = fmt::format("size={}", memory_kib / mib)},
                      {.text = fmt::format("vcpus={}", vcpus.format())}};
        if (!distances.empty())
            cell.items.push_back({.text = fmt::format("vdistances={}", fmt::join(distances, ","))});
    }
    if (!cells.items.empty()) writer.value("vnuma", std::move(cells));
}

constexpr XlOption numa_options[] = {
    {"vnuma", "`cpu/numa/cell`, `numatune/memnode`; of HVM guests", read_vnuma, write_vnuma}};

}  // namespace

constinit const XlOptions xl_numa_options = numa_options;

}  // namespace virtlight::domain
