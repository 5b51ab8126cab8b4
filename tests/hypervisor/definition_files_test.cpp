// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/definition_files.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "base/temporary_folder.hpp"
#include "hypervisor/disk_files.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DefinitionFiles : public ::testing::Test {
 protected:
    std::string file(const std::string& name) {
        std::ofstream(folder + "/" + name) << name;
        return folder + "/" + name;
    }
    const test::TemporaryFolder temporary;  // others run these tests at the same time
    const std::string folder = temporary.path();
};

TEST_F(DefinitionFiles, AreNamedIfTheyAreNotThere) {
    domain::Definition guest;
    guest.boot.kernel = "/no/kernel";
    guest.boot.initrd = file("initrd");
    guest.boot.bootloader = "pygrub";
    guest.emulator = "/no/qemu";
    guest.disks = {
        {.target = domain::parse_disk_name("xvda").value(), .source = Disk::Source::file, .path = "/no/disk"},
        {.target = domain::parse_disk_name("xvdb").value(),
         .source = Disk::Source::file,
         .path = "/no/disk",
         .backend_domain = "storage"}};
    guest.nics = {{.mac = {{0, 0x16, 0x3e, 0, 0, 1}}, .script = "/no/script"}, {.script = "vif-route"}};
    guest.shared_folders = {{.tag = "home", .path = folder}, {.tag = "away", .path = "/no/folder"}};
    guest.settings["acpi_firmware"] = std::string("/no/tables");
    EXPECT_THAT(missing_files(guest),
                ElementsAre("kernel '/no/kernel': No such file or directory",
                            "emulator '/no/qemu': No such file or directory",
                            "the source of disk xvda '/no/disk': No such file or directory",
                            "the script of network interface 00:16:3e:00:00:01 '/no/script': No such file or "
                            "directory",
                            "shared folder away '/no/folder': No such file or directory",
                            "acpi_firmware '/no/tables': No such file or directory"));
}

TEST_F(DefinitionFiles, MayBeAnHvmloaderOfAnotherXen) {
    domain::Definition guest{
        .type = domain::GuestType::hvm,
        .boot = {.firmware = domain::Firmware::bios, .loader = "/usr/lib/xen-4.1/boot/hvmloader"}};
    EXPECT_TRUE(has_stale_firmware(guest));
    EXPECT_THAT(
        missing_files(guest),
        ElementsAre("loader '/usr/lib/xen-4.1/boot/hvmloader' is not there: the guest gets this host's own "
                    "hvmloader"));
    guest.boot.loader = file("hvmloader");
    EXPECT_FALSE(has_stale_firmware(guest));
    EXPECT_THAT(missing_files(guest), IsEmpty());
    guest.boot.loader += "/hvmloader";
    EXPECT_TRUE(has_stale_firmware(guest)) << "a file is no folder";
    guest.boot.loader = "/no/other-loader";
    EXPECT_FALSE(has_stale_firmware(guest));
    EXPECT_THAT(missing_files(guest), ElementsAre("loader '/no/other-loader': No such file or directory"));
    guest.boot = {.firmware = domain::Firmware::efi, .loader = "/no/hvmloader"};
    EXPECT_FALSE(has_stale_firmware(guest));
}

TEST_F(DefinitionFiles, MayBeAnOvmfWhereLibvirtTakesItToBe) {
    domain::Definition guest{
        .type = domain::GuestType::hvm,
        .boot = {.firmware = domain::Firmware::efi, .loader = "/usr/lib/xen-4.1/boot/ovmf.bin"}};
    EXPECT_TRUE(has_stale_firmware(guest));
    EXPECT_THAT(
        missing_files(guest),
        ElementsAre("loader '/usr/lib/xen-4.1/boot/ovmf.bin' is not there: the guest gets this host's own "
                    "OVMF"));
    guest.boot.loader = file("ovmf.bin");
    EXPECT_FALSE(has_stale_firmware(guest));
    EXPECT_THAT(missing_files(guest), IsEmpty());
    guest.boot.loader = "/no/OVMF_CODE.fd";
    EXPECT_FALSE(has_stale_firmware(guest)) << "somebody has chosen it";
    guest.boot = {.firmware = domain::Firmware::bios, .loader = "/no/ovmf.bin"};
    EXPECT_FALSE(has_stale_firmware(guest));
}

TEST_F(DefinitionFiles, MayBeAQemuOfAnotherXen) {
    domain::Definition guest;
    for (const auto* const path :
         {"/usr/lib/xen-4.1/bin/qemu-system-i386", "/no/libexec/xen-qemu-system-i386"}) {
        guest.emulator = path;
        EXPECT_TRUE(has_stale_emulator(guest)) << path;
        EXPECT_THAT(missing_files(guest), ElementsAre(std::string("emulator '") + path +
                                                      "' is not there: the guest gets this host's own QEMU"));
    }
    for (const auto* const path : {"/no/bin/qemu-system-i386", "/no/xen/bin/qemu-mine"}) {
        guest.emulator = path;
        EXPECT_FALSE(has_stale_emulator(guest)) << "somebody has chosen it";
        EXPECT_THAT(missing_files(guest),
                    ElementsAre(std::string("emulator '") + path + "': No such file or directory"));
    }
    guest.emulator = file("xen-qemu-system-i386");
    EXPECT_FALSE(has_stale_emulator(guest));
    EXPECT_THAT(missing_files(guest), IsEmpty());
}

TEST_F(DefinitionFiles, OfADefinitionThatNamesNoneAreAllThere) {
    EXPECT_THAT(missing_files({}), IsEmpty());
}

TEST_F(DefinitionFiles, AreOneByAnyOfTheirNames) {
    const auto one = file("one");
    const auto two = file("two");
    std::filesystem::create_symlink(one, folder + "/link");
    std::filesystem::create_hard_link(one, folder + "/hard");
    const auto found = identify_file(one);
    ASSERT_TRUE(found);
    for (const auto* const name : {"/link", "/hard", "/./one"})
        EXPECT_EQ(identify_file(folder + name), found) << name;
    EXPECT_TRUE(identify_file(two));
    EXPECT_NE(identify_file(two), found);
    EXPECT_FALSE(identify_file(folder + "/none"));
}

TEST_F(DefinitionFiles, AreWhatALoopDeviceShowsThatShowsAllOfThem) {
    const auto image = file("image");
    const std::filesystem::path devices = folder + "/devices";
    std::filesystem::create_directories(devices / "7:3/loop");
    const auto tell = [&](const char* name, const std::string& text) {
        std::ofstream(devices / "7:3/loop" / name) << text << "\n";
    };
    tell("backing_file", image);
    tell("offset", "0");
    tell("sizelimit", "0");
    const auto device = makedev(7, 3);
    EXPECT_EQ(behind_loop_device(device, devices), identify_file(image));
    EXPECT_FALSE(behind_loop_device(makedev(7, 4), devices));
    for (const auto* const part : {"offset", "sizelimit"}) {
        tell(part, "1048576");
        EXPECT_FALSE(behind_loop_device(device, devices)) << "another one may show the rest of it";
        tell(part, "0");
    }
    tell("backing_file", image + " (deleted)");
    EXPECT_FALSE(behind_loop_device(device, devices));
}

}  // namespace
}  // namespace virtlight::hypervisor
