// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include <fmt/format.h>

#include "simulated/machine.hpp"

/// The host that a simulated machine is.
namespace virtlight::simulated {
namespace {

using hypervisor::HostCpu;
using hypervisor::HostNode;

constexpr unsigned distance_to_itself = 10;  // as ACPI counts
constexpr unsigned distance_to_others = 20;

/// Of each node, whose processors follow each other.
unsigned cores(const Settings& settings) {
    return settings.cpus / settings.nodes;
}

std::vector<HostCpu> topology(const Settings& settings) {
    std::vector<HostCpu> cpus;
    for (unsigned id = 0; id < settings.cpus; ++id) {
        const auto node = id / cores(settings);
        cpus.push_back({.id = id, .node = node, .socket = node, .core = id % cores(settings)});
    }
    return cpus;
}

std::vector<HostNode> numa(const Settings& settings) {
    std::vector<HostNode> nodes;
    for (unsigned id = 0; id < settings.nodes; ++id) {
        auto& node =
            nodes.emplace_back(HostNode{.id = id, .memory_kib = settings.memory_kib / settings.nodes});
        node.distances.assign(settings.nodes, distance_to_others);
        node.distances[id] = distance_to_itself;
    }
    return nodes;
}

}  // namespace

hypervisor::HostFacts Machine::host() const {
    return {.version_major = 4,
            .version_minor = 17,
            .version_extra = "-simulated",
            .capabilities = "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
            .memory_kib = settings_.memory_kib,
            .cpus = settings_.cpus,
            .mhz = 2000,
            .nodes = settings_.nodes,
            .cores_per_socket = cores(settings_),
            .cpu_model = {"GenuineIntel", 6, 60, 3, {"fpu", "tsc", "pae", "apic", "sse2", "lm", "nx", "vmx"}},
            .smbios = {{"bios", "vendor", "Virtlight"},
                       {"system", "manufacturer", "Virtlight"},
                       {"system", "product", "simulated host"},
                       {"system", "uuid", "5c1e4d0a-7f0e-4f0b-9d0c-2b6a1c3d4e5f"}},
            .topology = topology(settings_),
            .numa = numa(settings_),
            .device_model = std::string(hypervisor::usual_device_model),
            .has_pv = true,
            .has_pvh = true,
            .has_hvm = true,
            .has_hap = true,
            .has_iommu = true};
}

/// Guests take of all nodes alike, and run for as long as they are told to have.
hypervisor::HostFigures Machine::measure_host() const {
    hypervisor::HostFigures figures;
    figures.node_free_kib.assign(settings_.nodes, memory_free_kib_ / settings_.nodes);
    figures.up = scheduler_.now() - began_;
    nanoseconds ran{};
    for (const auto& [domid, domain] : domains_)
        ran += seen(domain).cpu_time;
    for (const auto& cpu : topology(settings_))
        figures.cpu_idle[cpu.id] = std::max(figures.up - ran / settings_.cpus, nanoseconds::zero());
    return figures;
}

Result<hypervisor::Picture> Machine::screenshot(DomId domid) const {
    const auto domain = guest_or_host(domid, "take a picture of");
    if (!domain) return std::unexpected(domain.error());
    if (!(*domain)->definition.graphics.any())
        return fail(Reason::unsupported_operation, "cannot take a picture of domid {}: it has no screen",
                    domid);
    constexpr unsigned width = 64;
    constexpr unsigned height = 48;
    hypervisor::Picture picture{hypervisor::pixmap, fmt::format("P6\n{} {}\n255\n", width, height)};
    for (unsigned pixel = 0; pixel < width * height; ++pixel)
        picture.bytes.append(3, pixel % 2 == 0 ? '\0' : '\xff');
    return picture;
}

}  // namespace virtlight::simulated
