// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/node_device.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "base/uuid.hpp"
#include "domain/xml_writer.hpp"

namespace virtlight::libvirt {
namespace {

using domain::XmlWriter;
using hypervisor::HostDisk;
using hypervisor::HostInterface;
using hypervisor::HostPciDevice;
using hypervisor::HostScsiDevice;
using hypervisor::HostUsbDevice;

constexpr std::string_view host_name = "computer";

struct Capability {
    std::string_view name;
    std::uint32_t flag;  ///< virConnectListAllNodeDeviceFlags
};

/// In the order of NodeDevice::what.
constexpr auto capabilities = std::to_array<Capability>({{"system", 1 << 0},
                                                         {"pci", 1 << 1},
                                                         {"usb_device", 1 << 2},
                                                         {"net", 1 << 4},
                                                         {"scsi", 1 << 7},
                                                         {"storage", 1 << 8}});

/// As libvirt has it: what is neither a letter nor a digit becomes '_'.
std::string named(std::string_view kind, std::string_view rest) {
    auto name = fmt::format("{}_{}", kind, rest);
    const auto is_plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    std::ranges::replace_if(name, [&](char c) { return !is_plain(c); }, '_');
    return name;
}

/// What the kernel calls the device.
std::string last_of(const std::string& path) {
    return std::filesystem::path(path).filename().string();
}

std::string name_of(const HostUsbDevice&, const std::string& path) {
    return named("usb", last_of(path));
}
std::string name_of(const HostInterface& interface, const std::string&) {
    return named(
        "net", interface.mac.empty() ? interface.name : fmt::format("{}_{}", interface.name, interface.mac));
}
std::string name_of(const HostScsiDevice&, const std::string& path) {
    return named("scsi", last_of(path));
}
std::string name_of(const HostDisk&, const std::string& path) {
    return named("block", last_of(path));
}

void write_if_known(XmlWriter& writer, std::string_view element, std::string_view text) {
    if (!text.empty()) writer.element(element).text(text);
}

void write_what(XmlWriter& writer, const HostItself& host) {
    const auto told = [&](std::string_view part, std::string_view name) {
        for (const auto& entry : host.smbios)
            if (entry.part == part && entry.name == name) return entry.value;
        return std::string();
    };
    write_if_known(writer, "product", told("system", "product"));
    {
        const auto hardware = writer.element("hardware");
        write_if_known(writer, "vendor", told("system", "manufacturer"));
        write_if_known(writer, "version", told("system", "version"));
        write_if_known(writer, "serial", told("system", "serial"));
        // The schema wants one, whether the host has one or not.
        writer.element("uuid").text(to_string(Uuid::parse(told("system", "uuid")).value_or(Uuid())));
    }
    const auto firmware = writer.element("firmware");
    write_if_known(writer, "vendor", told("bios", "vendor"));
    write_if_known(writer, "version", told("bios", "version"));
    write_if_known(writer, "release_date", told("bios", "date"));
}

void write_who(XmlWriter& writer, std::string_view element, unsigned id, std::string_view name) {
    auto who = writer.element(element);
    who.attribute("id", fmt::format("{:#06x}", id));
    if (!name.empty()) who.text(name);
}

void write_what(XmlWriter& writer, const HostPciDevice& device) {
    writer.element("class").text(fmt::format("{:#08x}", device.class_code));
    writer.element("domain").text(device.address.domain);
    writer.element("bus").text(device.address.bus);
    writer.element("slot").text(device.address.slot);
    writer.element("function").text(device.address.function);
    write_who(writer, "product", device.product, device.product_name);
    write_who(writer, "vendor", device.vendor, device.vendor_name);
}

void write_what(XmlWriter& writer, const HostUsbDevice& device) {
    writer.element("bus").text(device.bus);
    writer.element("device").text(device.device);
    write_who(writer, "product", device.id.product, device.product_name);
    write_who(writer, "vendor", device.id.vendor, device.vendor_name);
}

void write_what(XmlWriter& writer, const HostInterface& interface) {
    writer.element("interface").text(interface.name);
    write_if_known(writer, "address", interface.mac);
    if (!interface.state.empty()) {
        auto link = writer.element("link");
        if (interface.speed_mbit > 0) link.attribute("speed", interface.speed_mbit);
        link.attribute("state", interface.state);
    }
    if (interface.wireless)
        writer.element("capability").attribute("type", "80211");
    else if (interface.ethernet)
        writer.element("capability").attribute("type", "80203");
}

void write_what(XmlWriter& writer, const HostScsiDevice& device) {
    writer.element("host").text(device.host);
    writer.element("bus").text(device.bus);
    writer.element("target").text(device.target);
    writer.element("lun").text(device.lun);
    write_if_known(writer, "type", device.type);
}

void write_size(XmlWriter& writer, std::string_view element, const HostDisk& disk) {
    writer.element(element).text(disk.bytes);
    writer.element("logical_block_size").text(disk.block_bytes);
    writer.element("num_blocks").text(disk.bytes / disk.block_bytes);
}

void write_what(XmlWriter& writer, const HostDisk& disk) {
    writer.element("block").text(disk.node);
    writer.element("drive_type").text(disk.optical ? "cdrom" : "disk");
    write_if_known(writer, "model", disk.model);
    write_if_known(writer, "vendor", disk.vendor);
    write_if_known(writer, "serial", disk.serial);
    if (!disk.removable) return write_size(writer, "size", disk);
    auto removable = writer.element("capability");
    removable.attribute("type", "removable");
    writer.element("media_available").text(disk.bytes > 0 ? 1U : 0U);
    write_size(writer, "media_size", disk);
}

/// Of those that have one name only the first is found by clients.
std::map<std::string_view, const NodeDevice*> by_name(const std::vector<NodeDevice>& all) {
    std::map<std::string_view, const NodeDevice*> named;
    for (const auto& device : all)
        named.emplace(device.name, &device);
    return named;
}

}  // namespace

std::vector<NodeDevice> node_devices(const hypervisor::HostFacts& host, const std::vector<HostPciDevice>& pci,
                                     const std::vector<hypervisor::HostDevice>& others) {
    std::vector<NodeDevice> all;
    all.push_back({.name = std::string(host_name), .what = HostItself{host.smbios}});
    for (const auto& device : pci)
        all.push_back({named("pci", to_string(device.address)), device.path, device.driver, device});
    for (const auto& [path, driver, what] : others)
        std::visit([&](const auto& device) { all.push_back({name_of(device, path), path, driver, device}); },
                   what);
    return all;
}

std::string_view capability_of(const NodeDevice& device) {
    return capabilities.at(device.what.index()).name;
}

std::uint32_t capability_flag(const NodeDevice& device) {
    return capabilities.at(device.what.index()).flag;
}

std::string parent_of(const NodeDevice& device, const std::vector<NodeDevice>& all) {
    if (std::holds_alternative<HostItself>(device.what)) return {};
    const NodeDevice* parent = nullptr;
    for (const auto& other : all) {
        const bool above = !other.path.empty() && device.path.size() > other.path.size() &&
                           device.path.starts_with(other.path) && device.path[other.path.size()] == '/';
        if (above && (!parent || parent->path.size() < other.path.size())) parent = &other;
    }
    return parent ? parent->name : std::string(host_name);
}

std::string node_device_xml(const NodeDevice& device, std::string_view parent) {
    XmlWriter writer;
    {
        const auto root = writer.element("device");
        writer.element("name").text(device.name);
        write_if_known(writer, "path", device.path);
        if (const auto* const disk = std::get_if<HostDisk>(&device.what))
            writer.element("devnode").attribute("type", "dev").text(disk->node);
        write_if_known(writer, "parent", parent);
        if (!device.driver.empty()) {
            const auto driver = writer.element("driver");
            writer.element("name").text(device.driver);
        }
        auto capability = writer.element("capability");
        capability.attribute("type", capability_of(device));
        std::visit([&](const auto& what) { write_what(writer, what); }, device.what);
    }
    return std::move(writer).take();
}

std::vector<NodeDeviceEvent> node_device_changes(const std::vector<NodeDevice>& before,
                                                 const std::vector<NodeDevice>& now) {
    using enum NodeDeviceEvent::What;
    const auto had = by_name(before);
    const auto has = by_name(now);
    std::vector<NodeDeviceEvent> changes;
    for (const auto& device : before | std::views::reverse)
        if (had.at(device.name) == &device && !has.contains(device.name))
            changes.push_back({device.name, deleted});
    for (const auto& device : now) {
        if (has.at(device.name) != &device) continue;
        const auto old = had.find(device.name);
        if (old == had.end())
            changes.push_back({device.name, created});
        else if (*old->second != device)
            changes.push_back({device.name, changed});
    }
    return changes;
}

}  // namespace virtlight::libvirt
