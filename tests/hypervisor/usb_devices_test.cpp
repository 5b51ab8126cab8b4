// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/usb_devices.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::UsbDevice;
using domain::UsbId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr UsbId stick{0x951, 0x1666};
constexpr UsbId camera{0x46d, 0x825};
const std::vector<HostUsbDevice> host = {{1, 4, stick}, {1, 5, camera}, {2, 3, camera}};

TEST(UsbDevices, AreThoseThatTheKernelShows) {
    const test::TemporaryFolder folder;
    const auto add = [&](const std::string& name, const std::string& bus, const std::string& number) {
        const auto device = folder.path() / name;
        std::filesystem::create_directory(device);
        std::ofstream(device / "idVendor") << "0951\n";
        std::ofstream(device / "idProduct") << "1666\n";
        if (!bus.empty()) std::ofstream(device / "busnum") << bus << "\n";
        std::ofstream(device / "devnum") << number << "\n";
    };
    add("2-1", "2", "3");
    add("1-1.4", "1", "12");
    add("1-1:1.0", "", "1");
    EXPECT_THAT(read_usb_devices(folder.path()),
                ElementsAre(HostUsbDevice{1, 12, stick}, HostUsbDevice{2, 3, stick}));
    EXPECT_THAT(read_usb_devices(folder.path() / "nowhere"), IsEmpty());
}

std::string refusal(const std::vector<UsbDevice>& wanted) {
    const auto found = find_usb_devices({.devices = wanted}, host);
    return found ? "none" : std::string(to_string(found.error().reason)) + ": " + found.error().message;
}

TEST(UsbDevices, AreFoundByWhatTheyAre) {
    const UsbDevice unnamed{.host_bus = 7, .host_device = 7};
    const auto found = find_usb_devices({.devices = {{.id = stick}, unnamed}}, host);
    ASSERT_TRUE(found);
    EXPECT_THAT(found->devices,
                ElementsAre(UsbDevice{.host_bus = 1, .host_device = 4, .id = stick, .found = true}, unnamed));
    const auto moved = find_usb_devices(*found, {{3, 9, stick}});
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->devices[0].host_bus, 3u) << "they are found anew";
    const UsbDevice fixed{.host_bus = 2, .host_device = 3, .id = camera};
    EXPECT_THAT(find_usb_devices({.devices = {fixed}}, host)->devices, ElementsAre(fixed));
}

TEST(UsbDevices, ThatAreNotFoundAreRefusedWithTheReason) {
    EXPECT_THAT(refusal({{.id = UsbId{0xabc, 1}}}), HasSubstr("the host has no USB device 0abc:0001"));
    EXPECT_THAT(refusal({{.id = camera}}),
                HasSubstr("the host has 2 USB devices 046d:0825, 1.5 and 2.3: say which one is meant"));
    EXPECT_THAT(refusal({{.host_bus = 1, .host_device = 4, .id = camera}}),
                HasSubstr("USB device 1.4 of the host is not 046d:0825, or not there"));
    EXPECT_THAT(refusal({{.host_bus = 1, .host_device = 4}, {.id = stick}}),
                HasSubstr("two of the guest's USB devices are that of the host at 1.4"));
}

}  // namespace
}  // namespace virtlight::hypervisor
