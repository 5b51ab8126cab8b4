// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/same_guest.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virtlight::domain::same_guest_test {
namespace {

Definition saved() {
    return {.name = "web",
            .uuid = {.bytes = {1}},
            .memory_max_kib = 2048,
            .memory_kib = 1024,
            .nics = {{.bridge = "xenbr0"}},
            .consoles = {{}}};
}

std::string difference(const std::function<void(Definition&)>& change) {
    auto wanted = saved();
    change(wanted);
    const auto checked = check_same_guest(saved(), wanted);
    return checked ? "none" : checked.error().message;
}

TEST(SameGuest, MayHaveAnotherTitleOrEndOrBoot) {
    EXPECT_EQ(difference([](auto& d) { d.title = "other"; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.on_crash = LifecycleAction::preserve; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.boot.kernel = "/boot/next"; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.nics[0].bridge = "xenbr1"; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.graphics.vnc = Vnc{}; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.nics[0].alias = "ua-x"; }), "none");
    EXPECT_EQ(difference([](auto& d) { d.consoles[0].tty = "/dev/pts/9"; }), "none");
}

TEST(SameGuest, IsNotOneWithAnotherIdentityOrHardware) {
    using testing::HasSubstr;
    EXPECT_THAT(difference([](auto& d) { d.name = "db"; }), HasSubstr("another name"));
    EXPECT_THAT(difference([](auto& d) { d.uuid.bytes[0] = 2; }), HasSubstr("another uuid"));
    EXPECT_THAT(difference([](auto& d) { d.type = GuestType::hvm; }), HasSubstr("another type"));
    EXPECT_THAT(difference([](auto& d) { d.memory_max_kib = 4096; }), HasSubstr("maximum memory"));
    EXPECT_THAT(difference([](auto& d) { d.vcpus_max = 2; }), HasSubstr("vCPUs"));
    EXPECT_THAT(difference([](auto& d) { d.features.acpi = true; }), HasSubstr("<features>"));
    EXPECT_THAT(difference([](auto& d) { d.clock = ClockOffset::localtime; }), HasSubstr("clock"));
    EXPECT_THAT(difference([](auto& d) { d.disks.push_back({}); }), HasSubstr("disks"));
    EXPECT_THAT(difference([](auto& d) { d.nics[0].mac.bytes[5] = 9; }), HasSubstr("network interfaces"));
    EXPECT_THAT(difference([](auto& d) { d.video.vram_kib = 1024; }), HasSubstr("video"));
    EXPECT_THAT(difference([](auto& d) { d.usb_inputs = {Input::tablet}; }), HasSubstr("input devices"));
    EXPECT_THAT(difference([](auto& d) { d.usb.controllers = {{}}; }), HasSubstr("USB devices"));
    EXPECT_THAT(difference([](auto& d) { d.pci_devices = {{}}; }), HasSubstr("PCI devices"));
    EXPECT_THAT(difference([](auto& d) { d.shared_folders = {{}}; }), HasSubstr("shared folders"));
    EXPECT_THAT(difference([](auto& d) { d.emulator_args = {"-s"}; }), HasSubstr("the device model"));
    EXPECT_THAT(difference([](auto& d) { d.sound = SoundModel::ac97; }), HasSubstr("sound card"));
    EXPECT_THAT(difference([](auto& d) { d.nics.clear(); }), HasSubstr("network interfaces"));
    EXPECT_THAT(difference([](auto& d) { d.consoles.push_back({Console::Target::serial}); }),
                HasSubstr("consoles"));
}

}  // namespace
}  // namespace virtlight::domain::same_guest_test
