// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_disks_test {
namespace {

constexpr std::string_view target = "<target dev='xvda' bus='xen'/>";
constexpr std::string_view source = "<source file='/d'/>";

std::string disk(std::string_view inside, std::string_view attributes = "type='file' device='disk'") {
    return "<disk " + std::string(attributes) + ">" + std::string(inside) + "</disk>";
}

Disk read(const std::string& devices) {
    return definition_of({.devices = devices}).disks.at(0);
}

/// Without "unsupported configuration: line 6: ".
std::string refused(const std::string& devices, bool hvm = false) {
    const auto definition =
        parse_xml(hvm ? Sample{.os = hvm_os, .devices = devices}.xml() : Sample{.devices = devices}.xml());
    if (definition) return "ok";
    return definition.error().message;
}

TEST(DiskXml, FillsInWhatIsMissing) {
    EXPECT_EQ(read(disk("<source file='/d'/><target dev='xvdb'/>", "")),
              (Disk{.target = {.index = 1}, .source = Disk::Source::file, .path = "/d"}));
}

TEST(DiskXml, NamesDomain0InVain) {
    EXPECT_EQ(read(disk("<source file='/d'/><backenddomain name='Domain-0'/><target dev='xvdb'/>", "")),
              read(disk("<source file='/d'/><target dev='xvdb'/>", "")))
        << "another guest's disk without that name has the same file";
}

TEST(DiskXml, IsReadIntoEachField) {
    EXPECT_EQ(
        read(disk("<driver name='qemu' type='qcow2' cache='none' discard='ignore'/><source dev='/dev/d'/>"
                  "<backenddomain name='storage'/><target dev='sdb1' bus='scsi'/><readonly/><shareable/>",
                  "type='block' device='disk'")),
        (Disk{.target = {.index = 1, .partition = 1, .bus = DiskBus::scsi},
              .source = Disk::Source::block,
              .path = "/dev/d",
              .format = Disk::Format::qcow2,
              .backend = Disk::Backend::qemu,
              .backend_domain = "storage",
              .readonly = true,
              .shareable = true,
              .direct_io = true,
              .discard = false}));
}

TEST(DiskXml, OfAFileMayBeServedByTheKernel) {
    auto definition = definition_of(
        {.devices = disk("<driver name='phy' type='raw'/>" + std::string(source) + std::string(target))});
    EXPECT_EQ(definition.disks.at(0),
              (Disk{.source = Disk::Source::file, .path = "/d", .backend = Disk::Backend::phy}));
    EXPECT_TRUE(format_xml(definition).contains("<driver name='phy' type='raw'/>"));
}

TEST(DiskXml, ReadsTheOldWordsOfDrivers) {
    for (const auto* const name : {"file", "tap", "tap2"}) {
        const auto old = read(
            disk(fmt::format("<driver name='{}' type='aio'/><source file='/d'/><target dev='xvda'/>", name)));
        EXPECT_EQ(old.backend, Disk::Backend::qemu) << name;
        EXPECT_EQ(old.format, Disk::Format::raw) << name;
    }
}

TEST(DiskXml, OfACdDriveMayBeEmptyAndIsReadOnly) {
    const auto empty = read(disk("<target dev='xvdc'/>", "type='block' device='cdrom'"));
    EXPECT_EQ(empty, (Disk{.target = {.index = 2}, .device = Disk::Device::cdrom, .readonly = true}));
    EXPECT_EQ(refused(disk("<target dev='xvda'/>")),
              "line 6: <disk>: disk xvda has no source; only a CD drive can be empty");
}

TEST(DiskXml, OfACdDriveOfAnHvmGuestIsServedByItsDeviceModelWhateverVirtInstallSays) {
    const auto drive =
        disk("<driver name='phy' type='raw'/><source dev='/dev/vg/iso'/><target dev='hdc' bus='ide'/>",
             "type='block' device='cdrom'");
    const auto hvm = definition_of({.os = hvm_os, .devices = drive});
    EXPECT_EQ(hvm.disks.at(0).backend, Disk::Backend::chosen);
    const auto pv = definition_of({.devices = drive});
    EXPECT_EQ(pv.disks.at(0).backend, Disk::Backend::phy);
}

TEST(DiskXml, OfARunningGuestHasAliases) {
    auto definition =
        parse_xml(Sample{.devices = disk(std::string(source) + std::string(target))}.xml()).value();
    EXPECT_TRUE(format_xml(definition, 3).contains("<alias name='xen-disk0'/>"));
    EXPECT_FALSE(format_xml(definition).contains("alias"));
    EXPECT_EQ(parse_xml(format_xml(definition, 3)), definition);
}

TEST(DiskXml, IsReadAsLibvirtHasWrittenIt) {
    EXPECT_EQ(refused("<disk type='file' device='disk'><source file='/d'/><target dev='hdd' bus='ide'/>"
                      "<address type='drive' controller='0' bus='1' target='0' unit='1'/></disk>"
                      "<controller type='ide' index='0'/><controller type='xenbus' index='0'/>",
                      true),
              "ok");
}

TEST(DiskXml, OfAnyGuestMayBeWhereLibvirtHasWrittenItsControllers) {
    const auto placed = [](std::string_view name, std::string_view type, unsigned controller, unsigned bus,
                           unsigned unit) {
        return fmt::format(
            "<disk type='file' device='disk'><source file='/d'/><target dev='{}' bus='{}'/>"
            "<address type='drive' controller='{}' bus='{}' target='0' unit='{}'/></disk>",
            name, type, controller, bus, unit);
    };
    const std::string controllers =
        "<controller type='ide' index='0'/><controller type='scsi' index='0'/>"
        "<controller type='scsi' index='1'/><controller type='scsi' index='2'/>";
    for (const bool hvm : {false, true}) {
        EXPECT_EQ(refused(placed("hdc", "ide", 0, 1, 0) + controllers, hvm), "ok");
        EXPECT_EQ(refused(placed("sdg", "scsi", 0, 0, 6) + controllers, hvm), "ok");
        EXPECT_EQ(refused(placed("sdh", "scsi", 1, 0, 0) + controllers, hvm), "ok");
        EXPECT_EQ(refused(placed("sdp", "scsi", 2, 0, 1) + controllers, hvm), "ok");
        EXPECT_EQ(refused(placed("sdp", "scsi", 0, 0, 15) + controllers, hvm), "ok");
        EXPECT_NE(refused(placed("sdp", "scsi", 1, 0, 8), hvm), "ok");
        EXPECT_NE(refused(placed("sdh", "scsi", 1, 0, 1), hvm), "ok");
        EXPECT_NE(refused(placed("sda", "scsi", 1, 0, 0), hvm), "ok");
    }
    const auto definition = definition_of({.devices = placed("sdh", "scsi", 1, 0, 0) + controllers});
    EXPECT_FALSE(format_xml(definition).contains("type='scsi'")) << "the disk's name says it";
    const auto named =
        definition_of({.devices = "<controller type='scsi' index='1'><alias name='ua-s'/></controller>"});
    EXPECT_TRUE(format_xml(named).contains("<controller type='scsi' index='1'>\n      <alias name='ua-s'/>"));
}

TEST(DiskXml, OfAGuestWithoutEmulatedDrivesIsOnXensBusWhateverItIsCalled) {
    for (const std::string name : {"hda", "hdc2", "sda", "sdb1"}) {
        const auto on_xens = disk(std::string(source) + "<target dev='" + name + "' bus='xen'/>");
        EXPECT_EQ(to_string(read(on_xens).target), name);
        EXPECT_TRUE(refused(on_xens, true).contains("not 'xen': its name says where the guest finds it"))
            << name;
    }
}

TEST(DiskXml, IsRefusedByName) {
    const std::string rest = std::string(source) + std::string(target);
    const auto place = std::string("line 6: ");
    EXPECT_EQ(refused(disk(rest) + "\n" + disk(rest)),
              "line 7: <disk>: target 'xvda' duplicated: the guest has a disk there");
    EXPECT_EQ(
        refused(disk(std::string(source) + "<target dev='xvda' bus='ide'/>")),
        place + "<target>: target 'xvda' is on bus 'xen', not 'ide': its name says where the guest finds it");
    EXPECT_EQ(
        refused(disk(std::string(source) + "<target dev='vda' bus='virtio'/>")),
        place +
            "<target>: 'vda' is no name of a disk; allowed are xvda, xvdb ..., hda to hdd and sda to sdp");
    EXPECT_EQ(
        refused(disk(std::string(source) + "<target dev='sda' bus='sata'/>")),
        place +
            "Invalid value for attribute 'bus' in element 'target': 'sata'; allowed here: xen, ide, scsi");
    EXPECT_EQ(refused(disk(source)),
              place + "<disk> has no <target> with attribute 'dev', as in <target dev='xvda'/>");
    EXPECT_EQ(refused(disk(rest, "type='network'")),
              place + "a <disk> of type 'network' is not supported: " + std::string(no_network_disks));
    EXPECT_EQ(
        refused(disk(rest, "type='file' device='floppy'")),
        place +
            "Invalid value for attribute 'device' in element 'disk': 'floppy'; allowed here: disk, cdrom");
    EXPECT_EQ(refused(disk("<driver name='vbd'/>" + rest)),
              place +
                  "Invalid value for attribute 'name' in element 'driver': 'vbd'; allowed here: phy, qemu, "
                  "file, tap, tap2");
    EXPECT_EQ(refused(disk("<driver name='phy' type='qcow2'/><source dev='/d'/>" + std::string(target),
                           "type='block'")),
              place + "<disk>: disk xvda has driver phy, which serves the format raw only");
    EXPECT_EQ(refused(disk("<source file='d'/>" + std::string(target))),
              place +
                  "<source>: the source of a disk must be the absolute path of a file or device, up to 4095 "
                  "bytes in one line, not 'd'");
    EXPECT_EQ(refused(disk(rest + "<transient/>")),
              place +
                  "element <transient> is not supported in <disk>; allowed here: driver, source, target, "
                  "backenddomain, readonly, shareable, alias, address");
    EXPECT_EQ(refused(disk(rest + "<address type='pci'/>")), place + "a disk on Xen's bus has no <address>");
}

TEST(DiskXml, IsRefusedWithAPathThatDom0CannotOpen) {
    const auto longest = "/" + std::string(limits::path_bytes - 1, 'd');
    const auto with = [](const std::string& path) {
        return disk("<source file='" + path + "'/>" + std::string(target));
    };
    EXPECT_EQ(refused(with(longest)), "ok");
    EXPECT_NE(refused(with(longest + "d")), "ok");
}

}  // namespace
}  // namespace virtlight::domain::xml_disks_test
