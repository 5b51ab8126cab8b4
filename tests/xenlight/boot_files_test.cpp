// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/boot_files.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using testing::HasSubstr;

/// What is wrong with what a guest is booted from.
Result<> check_boot_files(const domain::Definition& definition) {
    const auto files = boot_files(definition);
    if (!files) return std::unexpected(files.error());
    for (const auto& file : *files)
        if (auto good = file.check(); !good) return good;
    return {};
}

class BootFiles : public testing::Test {
 protected:
    std::string file(const std::string& name, const std::string& content) const {
        const auto path = folder.path() / name;
        std::ofstream(path) << content;
        return path;
    }
    std::string elf() const {
        return file("vmlinux",
                    "\x7f"
                    "ELF and more");
    }

    /// What is wrong with these files; empty if nothing.
    static std::string complaint(const std::string& kernel, const std::string& initrd = "",
                                 GuestType type = GuestType::pv) {
        domain::Definition definition{
            .name = "it", .type = type, .boot = {.kernel = kernel, .initrd = initrd}};
        const auto checked = check_boot_files(definition);
        if (checked) return "";
        EXPECT_EQ(checked.error().reason, Reason::invalid_argument);
        return checked.error().message;
    }

    test::TemporaryFolder folder;
};

TEST_F(BootFiles, MayBeAnyFormatThatXenUnpacks) {
    const std::string bz_image = std::string(0x202, '\0') + "HdrS";
    for (const auto& content : {std::string("\x7f"
                                            "ELF"),
                                bz_image, std::string("\x1f\x8b\x08"),
                                std::string("\xfd"
                                            "7zXZ\0",
                                            6),
                                std::string("\x28\xb5\x2f\xfd")})
        EXPECT_EQ(complaint(file("kernel", content)), "");
}

TEST_F(BootFiles, OfAnHvmGuestAreReadByADeviceModelThatUnpacksNothing) {
    EXPECT_EQ(complaint(elf(), "", GuestType::hvm), "");
    EXPECT_THAT(complaint(file("kernel.gz", "\x1f\x8b\x08"), "", GuestType::hvm),
                HasSubstr("no kernel image"));
}

TEST_F(BootFiles, NeedAKernelUnlessTheGuestHasFirmware) {
    EXPECT_THAT(complaint(""), HasSubstr("no kernel to boot: give it a <kernel>, or a <bootloader>"));
    EXPECT_THAT(complaint("", "", GuestType::pvh), HasSubstr("no kernel to boot"));
    EXPECT_EQ(complaint("", "", GuestType::hvm), "");
}

TEST_F(BootFiles, ThatAreMissingAreNamed) {
    EXPECT_THAT(complaint("/nowhere/vmlinuz"), HasSubstr("the kernel /nowhere/vmlinuz: No such file"));
    EXPECT_THAT(complaint(elf(), "/nowhere/initrd"), HasSubstr("the initrd /nowhere/initrd: No such file"));
}

TEST_F(BootFiles, MustBeFilesWithSomethingInThem) {
    const std::string fifo = folder.path() / "fifo";
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_THAT(complaint(folder.path()), HasSubstr("is a directory"));
    EXPECT_THAT(complaint(fifo), HasSubstr("is no regular file"));
    EXPECT_THAT(complaint(file("empty", "")), HasSubstr("is empty"));
    EXPECT_THAT(complaint(elf(), folder.path()), HasSubstr("is a directory"));
    EXPECT_THAT(complaint(elf(), file("empty", "")), HasSubstr("is empty"));
}

TEST_F(BootFiles, ThatAreNoKernelAreRefused) {
    EXPECT_THAT(complaint(file("text", "#!/bin/sh\n")), HasSubstr("no kernel image"));
    EXPECT_THAT(complaint(file("short",
                               "\x7f"
                               "E")),
                HasSubstr("no kernel image"));
    EXPECT_THAT(complaint(file("zeros", std::string(4096, '\0'))), HasSubstr("no kernel image"));
}

TEST_F(BootFiles, OfABootloaderAreOnTheGuestsDisk) {
    domain::Definition definition{.name = "it", .boot = {.kernel = "/in/the/guest", .bootloader = "pygrub"}};
    EXPECT_THAT(check_boot_files(definition).error().message,
                HasSubstr("no disk on which its bootloader pygrub"));
    definition.disks = {{}};
    EXPECT_TRUE(check_boot_files(definition));
    definition.boot.bootloader = "/nowhere/grub";
    EXPECT_THAT(check_boot_files(definition).error().message,
                HasSubstr("the bootloader /nowhere/grub: No such file"));
}

TEST_F(BootFiles, HaveTheFirmwareAmongThem) {
    const domain::Definition definition{
        .name = "it",
        .type = GuestType::hvm,
        .boot = {.firmware = domain::Firmware::efi, .loader = "/nowhere/ovmf"}};
    EXPECT_THAT(check_boot_files(definition).error().message,
                HasSubstr("the loader /nowhere/ovmf: No such file"));
}

TEST_F(BootFiles, TakeAnythingForAnInitrd) {
    EXPECT_EQ(complaint(elf(), file("initrd", "anything")), "");
}

}  // namespace
}  // namespace virtlight::xenlight
