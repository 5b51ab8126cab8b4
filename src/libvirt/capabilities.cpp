// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/capabilities.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/limits.hpp"
#include "domain/xml_writer.hpp"

namespace virtlight::libvirt {

namespace {

using domain::XmlWriter;
using hypervisor::HostFacts;

constexpr std::string_view arch = "x86_64";
constexpr std::string_view word_size = "64";
constexpr std::string_view domain_type = "xen";

/// Where Debian's Xen has its device model; libxl finds it by itself.
constexpr std::string_view emulator = "/usr/libexec/xen-qemu-system-i386";

/// A kind of guest as libvirt calls it.
struct Kind {
    std::string_view os_type;
    std::string_view machine;
    bool HostFacts::* available;
    bool firmware;  ///< it may start like a PC
};

constexpr std::array kinds{
    Kind{"xen", "xenpv", &HostFacts::has_pv, false},
    Kind{"hvm", "xenfv", &HostFacts::has_hvm, true},
    Kind{"xenpvh", "xenpvh", &HostFacts::has_pvh, false},
};

void write_cpu(XmlWriter& writer, const HostFacts& host) {
    const auto cpu = writer.element("cpu");
    writer.element("arch").text(host.machine);
    writer.element("topology")
        .attribute("sockets", host.sockets_per_node)
        .attribute("dies", 1)
        .attribute("cores", host.cores_per_socket)
        .attribute("threads", host.threads_per_core);
}

/// What belongs to which NUMA node is only known if there is one.
void write_topology(XmlWriter& writer, const HostFacts& host) {
    if (host.nodes != 1) return;
    const auto topology = writer.element("topology");
    auto cells = writer.element("cells");
    cells.attribute("num", 1);
    auto cell = writer.element("cell");
    cell.attribute("id", 0);
    writer.element("memory").attribute("unit", "KiB").text(host.memory_kib);
    auto cpus = writer.element("cpus");
    cpus.attribute("num", host.cpus);
    for (unsigned id = 0; id < host.cpus; ++id)
        writer.element("cpu").attribute("id", id);
}

void write_host(XmlWriter& writer, const HostFacts& host) {
    const auto element = writer.element("host");
    write_cpu(writer, host);
    writer.element("power_management");
    write_topology(writer, host);
}

void write_toggle(XmlWriter& writer, std::string_view feature, std::string_view normally) {
    writer.element(feature).attribute("default", normally).attribute("toggle", "yes");
}

void write_guest(XmlWriter& writer, const Kind& kind) {
    const auto guest = writer.element("guest");
    writer.element("os_type").text(kind.os_type);
    {
        auto element = writer.element("arch");
        element.attribute("name", arch);
        writer.element("wordsize").text(word_size);
        writer.element("emulator").text(emulator);
        writer.element("machine").text(kind.machine);
        writer.element("domain").attribute("type", domain_type);
    }
    if (!kind.firmware) return;
    const auto features = writer.element("features");
    writer.element("pae");
    write_toggle(writer, "acpi", "off");
    write_toggle(writer, "apic", "off");
    write_toggle(writer, "hap", "on");
}

void write_unsupported(XmlWriter& writer, std::string_view what) {
    writer.element(what).attribute("supported", "no");
}

/// The kind that `machine` or, without it, the host's first kind.
const Kind* find_kind(const HostFacts& host, const std::optional<std::string>& machine) {
    const auto found = std::ranges::find_if(kinds, [&](const Kind& kind) {
        return host.*kind.available && (!machine || machine->empty() || *machine == kind.machine);
    });
    return found == kinds.end() ? nullptr : &*found;
}

}  // namespace

std::string capabilities_xml(const HostFacts& host) {
    XmlWriter writer;
    {
        const auto capabilities = writer.element("capabilities");
        write_host(writer, host);
        for (const auto& kind : kinds) {
            if (host.*kind.available) write_guest(writer, kind);
        }
    }
    return std::move(writer).take();
}

Result<std::string> domain_capabilities_xml(const HostFacts& host, const DomainCapabilitiesArgs& args) {
    if (args.virt_type && *args.virt_type != domain_type) {
        return fail(Reason::invalid_argument, "unknown virttype: {}", *args.virt_type);
    }
    if (args.arch && *args.arch != arch) {
        return fail(Reason::invalid_argument, "this host has no guests of architecture {}", *args.arch);
    }
    const auto* const kind = find_kind(host, args.machine);
    if (!kind) {
        return fail(Reason::invalid_argument, "this host has no guests of machine '{}'",
                    args.machine.value_or(""));
    }

    XmlWriter writer;
    {
        const auto capabilities = writer.element("domainCapabilities");
        writer.element("path").text(args.emulator.value_or(std::string(emulator)));
        writer.element("domain").text(domain_type);
        writer.element("machine").text(kind->machine);
        writer.element("arch").text(arch);
        writer.element("vcpu").attribute("max", limits::vcpus);
        write_unsupported(writer, "iothreads");
        {
            auto os = writer.element("os");
            os.attribute("supported", "yes");
            write_unsupported(writer, "loader");
        }
        {
            const auto cpu = writer.element("cpu");
            for (const auto mode : {"host-passthrough", "maximum", "host-model", "custom"}) {
                writer.element("mode").attribute("name", mode).attribute("supported", "no");
            }
        }
        const auto devices = writer.element("devices");
        for (const auto device : {"disk", "graphics", "video", "hostdev"})
            write_unsupported(writer, device);
    }
    return std::move(writer).take();
}

}  // namespace virtlight::libvirt
