// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/device.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary.hpp"
#include "domain/xml_parts.hpp"

namespace virtlight::domain::device_test {
namespace {

std::string refusal(const auto& result) {
    return result ? "ok" : result.error().message;
}

Disk disk(std::string_view target) {
    return {.target = parse_disk_name(target).value(), .source = Disk::Source::file, .path = "/d"};
}

RC_GTEST_PROP(Device, IsReadAsItWasWritten, ()) {
    const auto written = *arbitrary::disk(GuestType::pv);
    XmlWriter writer;
    write_disk(writer, written, *rc::gen::element(Shape::stored, Shape::running));
    const auto read = parse_device(std::move(writer).take());
    if (!read) RC_FAIL(read.error().message);
    RC_ASSERT(*read == Device(written));
}

TEST(Device, IsRefusedByNameWhereItIsNoneOfThoseThatAreKnown) {
    EXPECT_EQ(
        refusal(parse_device("<tpm model='x'/>")),
        "device <tpm> cannot be added, removed or changed while the guest runs, but in its definition, for "
        "its next start; allowed are: disk, interface, hostdev, controller");
    EXPECT_EQ(refusal(parse_device("<disk><target dev='xvda'/><iotune/></disk>")),
              "line 1: element <iotune> is not supported in <disk>; allowed here: driver, source, target, "
              "backenddomain, readonly, shareable, alias, address");
    EXPECT_EQ(parse_device("<disk").error().reason, Reason::invalid_xml);
}

TEST(Device, IsFoundByItsPlaceAndByItsAlias) {
    const Definition guest{.disks = {disk("xvda"), disk("xvdb")}};
    auto like = disk("xvdb");
    like.path = "";
    EXPECT_EQ(find_device(guest, like), Device(disk("xvdb")));
    EXPECT_EQ(find_device(guest, "xen-disk1"), Device(disk("xvdb")));
    EXPECT_EQ(refusal(find_device(guest, disk("xvdc"))), "the domain has no disk xvdc");
    EXPECT_EQ(refusal(find_device(guest, "net0")), "the domain has no device with alias 'net0'");
}

TEST(Device, TakesThePlaceOfTheOneThatIsThere) {
    auto other = disk("xvdb");
    other.path = "/other";
    Definition guest{.disks = {disk("xvda"), other}};
    auto wanted = disk("xvda");
    wanted.readonly = true;
    EXPECT_EQ(refusal(replace_device(guest, wanted)), "ok");
    EXPECT_EQ(guest.disks, (std::vector<Disk>{wanted, other}));
    EXPECT_EQ(refusal(replace_device(guest, disk("xvdc"))), "the domain has no disk xvdc");
    EXPECT_EQ(refusal(remove_device(guest, disk("xvda"))), "ok");
    EXPECT_EQ(refusal(remove_device(guest, disk("xvda"))), "the domain has no disk xvda");
    EXPECT_EQ(guest.disks, (std::vector<Disk>{other}));
}

TEST(Device, OfARunningPvGuestComesAndGoes) {
    const Definition pv{.type = GuestType::pv};
    const Definition hvm{.type = GuestType::hvm};
    EXPECT_EQ(refusal(check_live_unplug(pv, disk("hda"))), "ok");
    EXPECT_EQ(refusal(check_live_unplug(hvm, disk("xvda"))), "ok");
    EXPECT_EQ(placed(hvm, disk("xvda")), Device(disk("xvda")));
    EXPECT_EQ(refusal(placed(hvm, disk("sda"))), refusal(check_live_unplug(hvm, disk("sda"))));
    EXPECT_EQ(refusal(check_live_unplug(hvm, disk("sda"))),
              "disk sda of an HVM guest is emulated, and cannot come or go while the guest runs; a disk on "
              "bus 'xen' can, as xvde");
}

TEST(Device, ThatIsACdDriveOfARunningHvmGuestGetsOtherMediaAndNothingElse) {
    auto drive = disk("hdc");
    drive.device = Disk::Device::cdrom;
    drive.readonly = true;
    const Definition hvm{.type = GuestType::hvm, .disks = {disk("hda"), drive}};
    auto wanted = drive;
    wanted.path = "/other";
    EXPECT_EQ(refusal(check_live_change(hvm, wanted)), "ok");
    wanted.backend_domain = "storage";
    EXPECT_EQ(refusal(check_live_change(hvm, wanted)),
              "only what is in CD drive hdc can be changed while the guest runs, not its <backenddomain>");
    wanted.backend_domain.clear();
    wanted.direct_io = true;
    EXPECT_EQ(
        refusal(check_live_change(hvm, wanted)),
        "only what is in CD drive hdc can be changed while the guest runs, not the 'cache' of its <driver>");
    wanted.direct_io = false;
    wanted.backend = Disk::Backend::phy;
    EXPECT_EQ(refusal(check_live_change(hvm, wanted)), "ok");
    auto changed = hvm;
    EXPECT_EQ(refusal(replace_device(changed, wanted)), "ok");
    EXPECT_EQ(changed.disks[1].path, "/other");
    EXPECT_EQ(changed.disks[1].backend, Disk::Backend::chosen) << "its device model serves it";
    EXPECT_EQ(
        refusal(check_live_change(hvm, disk("hda"))),
        "disk hda cannot be changed while the guest runs; only what is in a CD drive of an HVM guest can");
}

}  // namespace
}  // namespace virtlight::domain::device_test
