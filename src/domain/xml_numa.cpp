// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <set>

#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// The NUMA cells that a guest sees are in <cpu>; the host's nodes that they are on, in <numatune>.

namespace virtlight::domain {
namespace {

/// Less than `end`.
unsigned read_number(const XmlElement& element, std::string_view attribute, std::size_t end) {
    if (!element.attribute(attribute))
        element.invalid("<{}> has no attribute '{}'", element.name(), attribute);
    return attribute_number(element, attribute, 0, static_cast<unsigned>(end - 1)).value_or(0);
}

NumaCell read_cell(const XmlElement& element, std::size_t id) {
    expect_attribute(element, "id", std::to_string(id));
    auto vcpus = CpuSet::parse(element.attribute("cpus").value_or(""));
    if (!vcpus) element.invalid("{}", vcpus.error().message);
    return {.memory_kib = read_size(element, element.attribute("memory").value_or("")),
            .vcpus = std::move(vcpus).value_or(CpuSet())};
}

/// As libvirt means them: what one cell says of the way to another goes for the way back, too, unless the
/// other says otherwise.
void read_distances(const std::vector<XmlElement>& elements, std::vector<NumaCell>& cells) {
    const auto count = cells.size();
    if (count > limits::numa_cells) return;  // which check_numa() refuses
    std::vector given(count, std::vector<std::optional<unsigned>>(count));
    for (std::size_t from = 0; from < count; ++from) {
        for (const auto& sibling : elements[from].child("distances").children("sibling")) {
            auto& distance = given[from][read_number(sibling, "id", count)];
            if (distance) sibling.invalid("NUMA cell {} has a second <sibling> of one id", from);
            distance = read_number(sibling, "value", NumaCell::farthest + 1);
        }
    }
    for (std::size_t from = 0; from < count; ++from) {
        for (std::size_t to = 0; to < count; ++to) {
            const auto back = given[to][from].value_or(usual_distance(from, to));
            cells[from].distances.push_back(given[from][to].value_or(back));
        }
    }
    settle_distances(cells);
}

/// Memory is on a node of the host or nowhere: which is what libvirt calls strict.
void read_nodes(const XmlElement& numatune, std::vector<NumaCell>& cells) {
    std::set<unsigned> seen;
    for (const auto& memnode : numatune.children("memnode")) {
        if (cells.empty()) return memnode.unsupported("<memnode> needs a <cell> in <cpu>");
        expect_attribute(memnode, "mode", "strict");
        const auto cell = read_number(memnode, "cellid", cells.size());
        if (!seen.insert(cell).second) memnode.invalid("NUMA cell {} has a second <memnode>", cell);
        cells[cell].node = read_number(memnode, "nodeset", limits::nodes);
    }
}

}  // namespace

void read_numa(const XmlElement& domain, Definition& definition) {
    const auto numa = domain.child("cpu").child("numa");
    const auto elements = numa.children("cell");
    auto& cells = definition.numa;
    for (const auto& element : elements)
        cells.push_back(read_cell(element, cells.size()));
    read_distances(elements, cells);
    read_nodes(domain.child("numatune"), cells);
    if (const auto good = check_numa(definition); !good) numa.unsupported("{}", good.error().message);
    // A guest finds them in ACPI's tables, and without these it has them in vain.
    if (!cells.empty()) definition.features.acpi = true;
}

void write_numatune(XmlWriter& writer, const std::vector<NumaCell>& cells) {
    if (std::ranges::all_of(cells, [](const NumaCell& cell) { return cell.node == 0; })) return;
    const auto numatune = writer.element("numatune");
    for (std::size_t id = 0; id < cells.size(); ++id)
        if (cells[id].node != 0)
            writer.element("memnode")
                .attribute("cellid", id)
                .attribute("mode", "strict")
                .attribute("nodeset", cells[id].node);
}

void write_numa(XmlWriter& writer, const std::vector<NumaCell>& cells) {
    if (cells.empty()) return;
    const auto numa = writer.element("numa");
    for (std::size_t id = 0; id < cells.size(); ++id) {
        const auto& [memory_kib, vcpus, node, distances] = cells[id];
        auto cell = writer.element("cell");
        cell.attribute("id", id).attribute("cpus", vcpus.format());
        cell.attribute("memory", memory_kib).attribute("unit", "KiB");
        if (distances.empty()) continue;
        const auto element = writer.element("distances");
        for (std::size_t other = 0; other < distances.size(); ++other)
            writer.element("sibling").attribute("id", other).attribute("value", distances[other]);
    }
}

}  // namespace virtlight::domain
