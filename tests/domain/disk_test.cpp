// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/disk.hpp"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "domain/arbitrary.hpp"

namespace virtlight::domain::disk_test {
namespace {

std::string refusal(Result<> result) {
    return result ? "ok" : result.error().message;
}

DiskName named(std::string_view text) {
    return parse_disk_name(text).value();
}

TEST(DiskName, HasTheNumberThatXenGivesIt) {
    const std::pair<std::string_view, std::uint32_t> numbers[] = {
        {"xvda", 51712},     {"xvdb", 51728},      {"xvda1", 51713}, {"xvdp15", 51967}, {"xvda16", 268435472},
        {"xvdq", 268439552}, {"xvdaa", 268442112}, {"hda", 768},     {"hdb", 832},      {"hdc", 5632},
        {"hdd2", 5698},      {"sda", 2048},        {"sdb1", 2065},   {"sdp", 2288},
    };
    for (const auto& [text, number] : numbers) {
        EXPECT_EQ(device_number(named(text)), number) << text;
        EXPECT_EQ(disk_of_number(number), named(text)) << text;
    }
}

TEST(DiskName, IsRefusedWhereXenHasNone) {
    for (const std::string_view text :
         {"", "xvd", "xvd1", "xvdA", "hde", "hda64", "sdq", "sda16", "xvda0", "xvda01", "xvda256", "xvda 1",
          "vda", "fda", "51712", "d0p1", "xvdbhlpm", "xvda99999999999999999999",
          "sdaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        EXPECT_FALSE(parse_disk_name(text)) << text;
    }
    EXPECT_TRUE(parse_disk_name("xvdbgqcf")) << "the last one of all";
    EXPECT_EQ(parse_disk_name("vda").error().message,
              "'vda' is no name of a disk; allowed are xvda, xvdb ..., hda to hdd and sda to sdp");
}

TEST(DiskName, IsNoneOfANumberThatNoDiskHas) {
    EXPECT_EQ(disk_of_number(1), std::nullopt);
    EXPECT_EQ(disk_of_number(9U << 8), std::nullopt);
}

RC_GTEST_PROP(DiskName, IsReadAsItWasWritten, ()) {
    const auto name = *arbitrary::disk_name();
    RC_ASSERT(parse_disk_name(to_string(name)).value() == name);
}

RC_GTEST_PROP(DiskName, HasANumberOfItsOwn, ()) {
    const auto one = *arbitrary::disk_name();
    const auto other = *arbitrary::disk_name();
    RC_ASSERT((device_number(one) == device_number(other)) == (one == other));
}

TEST(Disks, AreInTheOrderOfTheirLettersAndOfOneLetterAsTheyCome) {
    std::vector<Disk> disks;
    for (const std::string_view text : {"sda", "xvdb", "xvda2", "hdc", "xvdaa", "xvda1", "hda"})
        ASSERT_TRUE(add_disk(disks, {.target = named(text)}, GuestType::pv));
    std::string order;
    for (const auto& disk : disks)
        order += to_string(disk.target) + " ";
    EXPECT_EQ(order, "sda xvda2 xvda1 hda xvdb hdc xvdaa ");
}

TEST(Disks, HaveTargetsAndAliasesOfTheirOwn) {
    std::vector<Disk> disks{{.target = named("xvda")}};
    EXPECT_EQ(refusal(add_disk(disks, {.target = named("xvda")}, GuestType::pv)),
              "target 'xvda' duplicated: the guest has a disk there");
    EXPECT_EQ(refusal(add_disk(disks, {.target = named("hda")}, GuestType::hvm)),
              "target 'hda' is taken: an HVM guest finds it on the same IDE drive as its disk xvda");
    EXPECT_EQ(refusal(add_disk(disks, {.target = named("hda")}, GuestType::pv)), "ok");
    EXPECT_EQ(alias_of({.target = named("xvda")}), "xen-disk0");
    EXPECT_EQ(alias_of({.target = named("hdc")}), "ide-disk2");
    EXPECT_EQ(alias_of({.target = named("sdb1")}), "scsi-disk1p1");
}

TEST(Disks, OfADefinitionAreBoundedAndOfAGuestThatIsSeenAllCount) {
    std::vector<Disk> disks;
    for (unsigned i = 0; i < limits::disks; ++i)
        ASSERT_TRUE(add_disk(disks, {.target = {.index = i}}, GuestType::pv));
    const Disk further{.target = {.index = limits::disks}};
    EXPECT_EQ(refusal(add_disk(disks, further, GuestType::pv)), "a guest can have 256 disks");
    EXPECT_EQ(refusal(add_seen_disk(disks, further, GuestType::pv)), "ok");
}

TEST(Disks, HaveOneSourceHoweverItsPathIsWritten) {
    const auto of = [](std::string_view path) {
        return Disk{.source = Disk::Source::file, .path = std::string(path)};
    };
    for (const std::string_view path : {"/srv/disk", "/srv//disk", "/srv/./disk", "/srv/x/../disk"}) {
        EXPECT_TRUE(same_source(of("/srv/disk"), of(path))) << path;
        EXPECT_TRUE(same_source(of(path), of("/srv/./x/../disk"))) << path;
        EXPECT_EQ(shortest_path(std::string(path)), "/srv/disk");
    }
    for (const std::string_view path : {"/srv/disk2", "/srv/.disk", "/srv/disk/", "/srv/disk..", "/disk"})
        EXPECT_FALSE(same_source(of("/srv/disk"), of(path))) << path;
}

TEST(Disks, ThatManyWriteAreServedByAQemu) {
    using Backend = Disk::Backend;
    Disk disk{.source = Disk::Source::file, .path = "/d", .shareable = true};
    EXPECT_EQ(backend_of(disk), Backend::qemu);
    disk.backend = Backend::phy;
    EXPECT_EQ(
        refusal(check_disk(disk, GuestType::pv)),
        "disk xvda is shareable and has driver phy, whose hotplug script lets one guest write; its driver "
        "must be qemu, or none");
    disk.readonly = true;
    EXPECT_EQ(backend_of(disk), Backend::phy);
    EXPECT_EQ(refusal(check_disk(disk, GuestType::pv)), "ok") << "nobody writes";
    disk.backend = Backend::chosen;
    EXPECT_EQ(backend_of(disk), Backend::chosen);
    EXPECT_EQ(backend_of({.source = Disk::Source::file, .path = "/d"}), Backend::chosen);
}

TEST(Disks, AreRefusedWhereTheDeviceModelWouldDropThem) {
    const Disk file{.target = named("hda"), .source = Disk::Source::file, .path = "/d", .readonly = true};
    EXPECT_EQ(refusal(check_disk(file, GuestType::pv)), "ok");
    EXPECT_EQ(
        refusal(check_disk(file, GuestType::hvm)),
        "disk hda would be an IDE drive of the guest, and none of them can be read-only; allowed are sda to "
        "sdp, xvde and those after it, or a CD drive");
    auto cd = file;
    cd.device = Disk::Device::cdrom;
    EXPECT_EQ(refusal(check_disk(cd, GuestType::hvm)), "ok");
    cd.target = named("sda");
    EXPECT_EQ(
        refusal(check_disk(cd, GuestType::hvm)),
        "the CD drive sda cannot be emulated; allowed for an HVM guest are hda to hdd and xvda to xvdd");
    auto comma = file;
    comma.path = "/a,b";
    EXPECT_EQ(
        refusal(check_disk(comma, GuestType::hvm)),
        "the path '/a,b' of disk hda has a comma, which the device model of an HVM guest would take for an "
        "option of its own");
}

}  // namespace
}  // namespace virtlight::domain::disk_test
