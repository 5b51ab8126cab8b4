// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using Backend = Disk::Backend;
using Format = Disk::Format;
using Source = Disk::Source;

constexpr Word<Disk::Device> disk_devices[] = {{"disk", Disk::Device::disk}, {"cdrom", Disk::Device::cdrom}};
constexpr Word<Source> sources[] = {{"file", Source::file}, {"block", Source::block}};
constexpr Word<DiskBus> buses[] = {{"xen", DiskBus::xen}, {"ide", DiskBus::ide}, {"scsi", DiskBus::scsi}};
/// "file" is the old word for a file that a QEMU serves; so are "tap" and "tap2" now that blktap is gone.
constexpr Word<Backend> drivers[] = {{"phy", Backend::phy},
                                     {"qemu", Backend::qemu},
                                     {"file", Backend::qemu},
                                     {"tap", Backend::qemu},
                                     {"tap2", Backend::qemu}};
/// "aio" is the old word for raw.
constexpr Word<Format> disk_formats[] = {{"raw", Format::raw},     {"qcow", Format::qcow},
                                         {"qcow2", Format::qcow2}, {"vhd", Format::vhd},
                                         {"qed", Format::qed},     {"aio", Format::raw}};
constexpr Word<bool> caches[] = {{"none", true}, {"writeback", false}, {"default", false}};
constexpr Word<bool> discards[] = {{"unmap", true}, {"ignore", false}};

void read_driver(const XmlElement& driver, Disk& disk) {
    if (!driver) return;
    disk.backend = attribute_choice(driver, "name", drivers, Backend::chosen);
    disk.format = attribute_choice(driver, "type", disk_formats, Format::raw);
    disk.direct_io = attribute_choice(driver, "cache", caches, false);
    if (driver.attribute("discard")) disk.discard = attribute_choice(driver, "discard", discards, false);
}

std::string_view attribute_of(Source kind) {
    return kind == Source::block ? "dev" : "file";
}

Source read_source_kind(const XmlElement& element) {
    if (trimmed(element.attribute("type").value_or("")) == "network")
        element.unsupported("a <disk> of type 'network' is not supported: {}", no_network_disks);
    return attribute_choice(element, "type", sources, Source::file);
}

/// A source of another type's would be none.
void expect_source_of(Source kind, const XmlElement& source) {
    const auto other = kind == Source::block ? Source::file : Source::block;
    if (!source.attribute(attribute_of(kind)) && source.attribute(attribute_of(other)))
        source.invalid("<source> of a disk of type '{}' has attribute '{}', not '{}'",
                       word_for(kind, sources), attribute_of(kind), attribute_of(other));
}

void read_source(const XmlElement& element, Disk& disk) {
    const auto kind = read_source_kind(element);
    const auto source = element.child("source");
    if (source) expect_source_of(kind, source);
    const auto path = source.attribute(attribute_of(kind)).value_or("");
    if (path.empty()) return;
    if (!is_file_path(path))
        source.invalid(
            "the source of a disk must be the absolute path of a file or device, up to {} bytes in one line, "
            "not '{}'",
            limits::path_bytes, shown(path));
    disk.source = kind;
    disk.path = path;
}

/// Without emulated drives a guest finds each disk on Xen's bus, whatever it is called, and libvirt says so
/// of those that it has read from a file of xl's.
void expect_bus(const XmlElement& target, const DiskName& name, bool may_be_xens) {
    const auto bus = attribute_choice(target, "bus", buses, name.bus);
    if (bus == name.bus || (may_be_xens && bus == DiskBus::xen)) return;
    target.unsupported("target '{}' is on bus '{}', not '{}': its name says where the guest finds it",
                       to_string(name), word_for(name.bus, buses), word_for(bus, buses));
}

void read_target(const XmlElement& element, Disk& disk) {
    const auto target = element.child("target");
    const auto text = target.attribute("dev");
    if (!text) {
        element.invalid("<disk> has no <target> with attribute 'dev', as in <target dev='xvda'/>");
        return;
    }
    const auto name = parse_disk_name(trimmed(*text));
    if (!name) {
        target.unsupported("{}", name.error().message);
        return;
    }
    disk.target = *name;
    expect_bus(target, *name, true);
}

/// libvirt has seven drives on a controller of SCSI; all sixteen can be said to be on one, too.
unsigned units_on_a_controller(const XmlElement& address, const DiskName& target) {
    constexpr unsigned of_ide = 2;
    constexpr unsigned of_scsi = 7;
    constexpr unsigned all = 16;
    if (target.bus == DiskBus::ide) return of_ide;
    return trimmed(address.attribute("controller").value_or("0")) == "0" ? all : of_scsi;
}

/// libvirt writes where the drive is on its emulated controller, which its name has said already.
void read_address(const XmlElement& element, const DiskName& target) {
    const auto address = element.child("address");
    if (!address) return;
    if (target.bus == DiskBus::xen) {
        address.unsupported("a disk on Xen's bus has no <address>");
        return;
    }
    const bool ide = target.bus == DiskBus::ide;
    const unsigned drives = units_on_a_controller(address, target);
    expect_attribute(address, "type", "drive");
    expect_attribute(address, "controller", std::to_string(ide ? 0 : target.index / drives));
    expect_attribute(address, "target", "0");
    expect_attribute(address, "bus", std::to_string(ide ? target.index / 2 : 0));
    expect_attribute(address, "unit", std::to_string(target.index % drives));
}

void read_disks(const XmlElement& devices, Definition& definition) {
    for (const auto& element : devices.children("disk")) {
        auto disk = as_served(read_disk(element), definition.type);
        if (definition.type == GuestType::hvm) expect_bus(element.child("target"), disk.target, false);
        if (const auto good = check_disk(disk, definition.type); !good)
            element.unsupported("{}", good.error().message);
        if (const auto added = add_disk(definition.disks, std::move(disk), definition.type); !added)
            element.invalid("{}", added.error().message);
    }
}

void write_disks(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& disk : definition.disks)
        write_disk(writer, disk, shape);
}

void write_driver(XmlWriter& writer, const Disk& disk) {
    auto driver = writer.element("driver");
    if (disk.backend != Backend::chosen) driver.attribute("name", word_for(disk.backend, drivers));
    driver.attribute("type", word_for(disk.format, disk_formats));
    if (disk.direct_io) driver.attribute("cache", word_for(true, caches));
    if (disk.discard) driver.attribute("discard", word_for(*disk.discard, discards));
}

}  // namespace

Disk read_disk(const XmlElement& element) {
    Disk disk;
    disk.device = attribute_choice(element, "device", disk_devices, Disk::Device::disk);
    read_driver(element.child("driver"), disk);
    read_source(element, disk);
    read_target(element, disk);
    disk.backend_domain = read_backend_domain(element);
    disk.readonly = element.child("readonly") || disk.device == Disk::Device::cdrom;
    disk.shareable = bool(element.child("shareable"));
    disk.alias = read_alias(element);
    read_address(element, disk.target);
    return disk;
}

void write_disk(XmlWriter& writer, const Disk& disk, Shape shape) {
    const auto kind = disk.source == Source::none ? Source::file : disk.source;
    auto element = writer.element("disk");
    element.attribute("type", word_for(kind, sources))
        .attribute("device", word_for(disk.device, disk_devices));
    write_driver(writer, disk);
    if (disk.source != Source::none) writer.element("source").attribute(attribute_of(kind), disk.path);
    if (!disk.backend_domain.empty()) writer.element("backenddomain").attribute("name", disk.backend_domain);
    writer.element("target")
        .attribute("dev", to_string(disk.target))
        .attribute("bus", word_for(disk.target.bus, buses));
    if (disk.readonly) writer.element("readonly");
    if (disk.shareable) writer.element("shareable");
    write_alias(writer, disk.alias, alias_of(disk), shape);
}

constinit const XmlPart disks_part{read_disks, write_disks};

}  // namespace virtlight::domain
