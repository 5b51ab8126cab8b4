// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/capabilities.hpp"

#include <algorithm>
#include <string_view>

#include "domain/cpu_set.hpp"
#include "domain/xml_writer.hpp"
#include "libvirt/guest_kinds.hpp"

namespace virtlight::libvirt {

namespace {

using domain::XmlWriter;
using hypervisor::CpuModel;
using hypervisor::HostCpu;
using hypervisor::HostFacts;
using hypervisor::HostNode;

constexpr std::string_view word_size = "64";
constexpr std::uint64_t page_kib = 4;

/// By what it can, and not by the nearest of libvirt's models: there may be none.
void write_cpu(XmlWriter& writer, const HostFacts& host) {
    const auto element = writer.element("cpu");
    const auto& cpu = host.cpu_model;
    writer.element("arch").text(host.machine);
    if (!cpu.vendor.empty()) writer.element("vendor").text(vendor_of(cpu));
    if (cpu.family > 0)
        writer.element("signature")
            .attribute("family", cpu.family)
            .attribute("model", cpu.model)
            .attribute("stepping", cpu.stepping);
    writer.element("topology")
        .attribute("sockets", host.sockets_per_node)
        .attribute("dies", 1)
        .attribute("cores", host.cores_per_socket)
        .attribute("threads", host.threads_per_core);
    for (const auto& feature : cpu.features)
        writer.element("feature").attribute("name", feature);
    writer.element("pages").attribute("unit", "KiB").attribute("size", page_kib);
}

std::string siblings(const HostFacts& host, const HostCpu& cpu) {
    domain::CpuSet set;
    for (const auto& other : host.topology)
        if (other.node == cpu.node && other.socket == cpu.socket && other.core == cpu.core)
            set.insert(other.id);
    return set.format();
}

void write_cpus(XmlWriter& writer, const HostFacts& host, unsigned node) {
    const auto here = std::ranges::count(host.topology, node, &HostCpu::node);
    auto cpus = writer.element("cpus");
    cpus.attribute("num", static_cast<std::uint64_t>(here));
    for (const auto& cpu : host.topology) {
        if (cpu.node != node) continue;
        writer.element("cpu")
            .attribute("id", cpu.id)
            .attribute("socket_id", cpu.socket)
            .attribute("die_id", 0)
            .attribute("core_id", cpu.core)
            .attribute("siblings", siblings(host, cpu));
    }
}

void write_distances(XmlWriter& writer, const HostNode& node) {
    if (node.distances.empty()) return;
    const auto distances = writer.element("distances");
    for (std::size_t other = 0; other < node.distances.size(); ++other)
        writer.element("sibling").attribute("id", other).attribute("value", node.distances[other]);
}

void write_cell(XmlWriter& writer, const HostFacts& host, const HostNode& node) {
    auto cell = writer.element("cell");
    cell.attribute("id", node.id);
    writer.element("memory").attribute("unit", "KiB").text(node.memory_kib);
    writer.element("pages")
        .attribute("unit", "KiB")
        .attribute("size", page_kib)
        .text(node.memory_kib / page_kib);
    write_distances(writer, node);
    write_cpus(writer, host, node.id);
}

void write_topology(XmlWriter& writer, const HostFacts& host) {
    if (host.numa.empty()) return;
    const auto topology = writer.element("topology");
    auto cells = writer.element("cells");
    cells.attribute("num", host.numa.size());
    for (const auto& node : host.numa)
        write_cell(writer, host, node);
}

void write_host(XmlWriter& writer, const HostFacts& host) {
    const auto element = writer.element("host");
    write_cpu(writer, host);
    writer.element("power_management");
    writer.element("iommu").attribute("support", host.has_iommu ? "yes" : "no");
    write_topology(writer, host);
}

void write_toggle(XmlWriter& writer, std::string_view feature, std::string_view normally,
                  std::string_view toggle = "yes") {
    writer.element(feature).attribute("default", normally).attribute("toggle", toggle);
}

void write_guest(XmlWriter& writer, const HostFacts& host, const GuestKind& kind) {
    const auto guest = writer.element("guest");
    writer.element("os_type").text(kind.os_type);
    {
        auto element = writer.element("arch");
        element.attribute("name", guest_arch);
        writer.element("wordsize").text(word_size);
        // Clients copy it into definitions, and libxl finds its own where none is said.
        if (!host.device_model.empty()) writer.element("emulator").text(host.device_model);
        writer.element("machine").text(kind.machine);
        writer.element("domain").attribute("type", guest_domain_type);
    }
    if (!kind.emulated) return;
    const auto features = writer.element("features");
    writer.element("pae");
    // virt-install gives a guest what is on, and one without ACPI neither powers itself off nor starts
    // Windows.
    write_toggle(writer, "acpi", "on");
    write_toggle(writer, "apic", "on");
    if (host.has_hap)
        write_toggle(writer, "hap", "on");
    else
        write_toggle(writer, "hap", "off", "no");
}

}  // namespace

std::string_view vendor_of(const CpuModel& cpu) {
    if (cpu.vendor == "GenuineIntel") return "Intel";
    if (cpu.vendor == "AuthenticAMD") return "AMD";
    if (cpu.vendor == "HygonGenuine") return "Hygon";
    return cpu.vendor;
}

std::string capabilities_xml(const HostFacts& host) {
    XmlWriter writer;
    {
        const auto capabilities = writer.element("capabilities");
        write_host(writer, host);
        for (const auto& kind : guest_kinds) {
            if (host.*kind.available) write_guest(writer, host, kind);
        }
    }
    return std::move(writer).take();
}

}  // namespace virtlight::libvirt
