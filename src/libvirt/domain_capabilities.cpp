// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "domain/xml_writer.hpp"
#include "libvirt/capabilities.hpp"
#include "libvirt/guest_kinds.hpp"

namespace virtlight::libvirt {

namespace {

using domain::XmlWriter;
using hypervisor::HostFacts;

/// What an attribute of a definition may be.
struct Choice {
    std::string_view name;
    std::vector<std::string_view> values;
};

void write_supported(XmlWriter& writer, std::string_view what, std::initializer_list<Choice> choices) {
    auto element = writer.element(what);
    element.attribute("supported", "yes");
    for (const auto& choice : choices) {
        auto list = writer.element("enum");
        list.attribute("name", choice.name);
        for (const auto value : choice.values)
            writer.element("value").text(value);
    }
}

void write_unsupported(XmlWriter& writer, std::initializer_list<std::string_view> whats) {
    for (const auto what : whats)
        writer.element(what).attribute("supported", "no");
}

/// A PC starts with firmware, whose files are Xen's own unless a definition names others.
void write_os(XmlWriter& writer, const GuestKind& kind) {
    auto os = writer.element("os");
    os.attribute("supported", "yes");
    if (!kind.emulated) return write_unsupported(writer, {"loader"});
    {
        auto firmware = writer.element("enum");
        firmware.attribute("name", "firmware");
        for (const auto* const value : {"bios", "efi"})
            writer.element("value").text(value);
    }
    write_supported(writer, "loader",
                    {{"type", {"rom", "pflash"}}, {"readonly", {"yes"}}, {"secure", {"no"}}});
}

void write_cpu(XmlWriter& writer) {
    const auto cpu = writer.element("cpu");
    writer.element("mode").attribute("name", "host-passthrough").attribute("supported", "yes");
    for (const auto* const mode : {"maximum", "host-model", "custom"})
        writer.element("mode").attribute("name", mode).attribute("supported", "no");
}

/// A guest that finds a PC gets a PCI device only through an IOMMU, and one of PVH's none.
std::vector<std::string_view> devices_of_the_host(const HostFacts& host, const GuestKind& kind) {
    const bool pci = kind.emulated ? host.has_iommu : kind.available == &HostFacts::has_pv;
    if (pci) return {"usb", "pci"};
    return {"usb"};
}

void write_devices(XmlWriter& writer, const HostFacts& host, const GuestKind& kind) {
    const auto devices = writer.element("devices");
    write_supported(writer, "disk", {{"diskDevice", {"disk", "cdrom"}}, {"bus", {"ide", "scsi", "xen"}}});
    if (kind.emulated) {
        write_supported(writer, "graphics", {{"type", {"sdl", "vnc", "spice"}}});
        write_supported(writer, "video", {{"modelType", {"vga", "cirrus", "qxl", "none"}}});
    } else {
        write_supported(writer, "graphics", {{"type", {"sdl", "vnc"}}});
        write_supported(writer, "video", {{"modelType", {"xen", "none"}}});
    }
    write_supported(writer, "hostdev",
                    {{"mode", {"subsystem"}}, {"subsysType", devices_of_the_host(host, kind)}});
    write_unsupported(writer, {"rng"});
    write_supported(writer, "filesystem", {});
    write_unsupported(writer, {"tpm", "redirdev"});
    write_supported(writer, "channel", {{"type", {"pty", "unix"}}});
}

void write_features(XmlWriter& writer) {
    const auto features = writer.element("features");
    write_unsupported(writer, {"gic", "vmcoreinfo", "genid", "backingStoreInput", "backup", "sev"});
}

/// libvirt's schema wants a path, also where none is known.
std::string device_model(const HostFacts& host) {
    return host.device_model.empty() ? std::string(hypervisor::usual_device_model) : host.device_model;
}

}  // namespace

/// The kind that the machine is or, without one, the host's first kind.
Result<const GuestKind*> guest_kind(const HostFacts& host, const DomainCapabilitiesArgs& args) {
    if (args.virt_type && *args.virt_type != guest_domain_type) {
        return fail(Reason::invalid_argument, "unknown virttype: {}", *args.virt_type);
    }
    if (args.arch && *args.arch != guest_arch) {
        return fail(Reason::invalid_argument, "this host has no guests of architecture {}", *args.arch);
    }
    const auto& machine = args.machine;
    const auto found = std::ranges::find_if(guest_kinds, [&](const GuestKind& kind) {
        return host.*kind.available && (!machine || machine->empty() || *machine == kind.machine);
    });
    if (found != guest_kinds.end()) return &*found;
    return fail(Reason::invalid_argument, "this host has no guests of machine '{}'", machine.value_or(""));
}

Result<std::string> domain_capabilities_xml(const HostFacts& host, const DomainCapabilitiesArgs& args) {
    const auto found = guest_kind(host, args);
    if (!found) return std::unexpected(found.error());
    const auto* const kind = *found;

    XmlWriter writer;
    {
        const auto capabilities = writer.element("domainCapabilities");
        writer.element("path").text(args.emulator.value_or(device_model(host)));
        writer.element("domain").text(guest_domain_type);
        writer.element("machine").text(kind->machine);
        writer.element("arch").text(guest_arch);
        writer.element("vcpu").attribute("max", most_vcpus(kind->type));
        write_unsupported(writer, {"iothreads"});
        write_os(writer, *kind);
        write_cpu(writer);
        write_devices(writer, host, *kind);
        write_features(writer);
    }
    return std::move(writer).take();
}

}  // namespace virtlight::libvirt
