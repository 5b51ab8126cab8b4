// SPDX-License-Identifier: LGPL-2.1-or-later
// PCI devices, USB controllers and USB devices that come to a guest and go from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/device.hpp"

namespace virtlight::domain::device_host_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const auto& result) {
    return result ? "none" : result.error().message;
}

Device read(std::string_view xml) {
    auto device = parse_device(xml);
    EXPECT_TRUE(device) << device.error().message;
    return device.value_or(Disk{});
}

const PciDevice card{.address = {.bus = 7, .slot = 1}};
const UsbDevice stick{.host_bus = 1, .host_device = 4};

TEST(HostDevice, IsReadFromItsElementAlone) {
    EXPECT_EQ(
        read("<hostdev mode='subsystem' type='pci'><source><address bus='7' slot='1'/></source></hostdev>"),
        Device(card));
    EXPECT_EQ(
        read("<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source></hostdev>"),
        Device(stick));
    EXPECT_EQ(read("<controller type='usb' index='2' model='nec-xhci'/>"),
              Device(UsbController{2, UsbController::Model::xhci, 8}));
    EXPECT_THAT(refusal(parse_device("<controller type='usb' model='qusb2'/>")),
                HasSubstr("<controller> has no attribute 'index'"));
    EXPECT_THAT(refusal(parse_device("<controller type='scsi' index='0' model='x'/>")),
                HasSubstr("only a <controller> of type 'usb'"));
}

TEST(UsbDevice, IsTheOneThatHasItsIdWhereItHasNoAddress) {
    const UsbDevice by_id{.id = UsbId{0x951, 0x1666}};
    const UsbDevice found{.host_bus = 1, .host_device = 4, .id = UsbId{0x951, 0x1666}, .found = true};
    const UsbDevice other{.host_bus = 1, .host_device = 5, .id = UsbId{0x951, 0x1666}};
    EXPECT_TRUE(same_device(by_id, found));
    EXPECT_TRUE(same_device(found, stick));
    EXPECT_FALSE(same_device(by_id, stick)) << "which may be anything";
    EXPECT_FALSE(same_device(found, other));
    EXPECT_FALSE(same_device(UsbDevice{}, by_id));
    Definition guest{.usb = {.controllers = {{}}}};
    ASSERT_TRUE(add_device(guest, found));
    EXPECT_EQ(refusal(remove_device(guest, by_id)), "none");
}

TEST(HostDevice, MayBeANetworkInterface) {
    auto interface = card;
    interface.mac = MacAddress::parse("52:54:00:6d:90:02");
    const auto device = read(
        "<interface type='hostdev'><mac address='52:54:00:6d:90:02'/><source>"
        "<address type='pci' bus='7' slot='1'/></source></interface>");
    EXPECT_EQ(device, Device(interface));
    Definition guest{.type = GuestType::hvm, .pci_devices = {{.address = {.bus = 8}}}};
    EXPECT_EQ(refusal(add_device(guest, device)), "none");
    EXPECT_EQ(guest.pci_devices.front(), interface) << "interfaces are in front";
    EXPECT_EQ(refusal(remove_device(guest, device)), "none");
}

TEST(HostDevice, HasANameAndAnAlias) {
    EXPECT_EQ(name_of(card), "PCI device 0000:07:01.0");
    EXPECT_EQ(name_of(stick), "USB device 1.4");
    EXPECT_EQ(name_of(UsbController{.index = 3}), "USB controller 3");
    EXPECT_EQ(alias_of(Device(card)), "pci-0000-07-01-0");
}

TEST(PciDevice, ComesOnceAndGoes) {
    Definition guest{.type = GuestType::hvm};
    EXPECT_EQ(refusal(add_device(guest, card)), "none");
    EXPECT_EQ(refusal(placed(guest, card)), "the guest has PCI device 0000:07:01.0 already");
    EXPECT_EQ(find_device(guest, "pci-0000-07-01-0"), Device(card));
    auto other = card;
    other.permissive = true;
    EXPECT_THAT(refusal(check_live_change(guest, other)), HasSubstr("detach it, and attach it anew"));
    EXPECT_EQ(refusal(replace_device(guest, other)), "none") << "for the next start";
    EXPECT_THAT(guest.pci_devices, ElementsAre(other));
    EXPECT_EQ(refusal(remove_device(guest, card)), "none");
    EXPECT_THAT(guest.pci_devices, ElementsAre());
    EXPECT_THAT(refusal(placed(Definition{.type = GuestType::pvh}, card)), HasSubstr("not to PVH ones"));
}

TEST(UsbDevice, FindsAPortOfAController) {
    Definition guest{.type = GuestType::pv};
    EXPECT_THAT(refusal(placed(guest, stick)), HasSubstr("add a controller first"));
    EXPECT_EQ(refusal(add_device(guest, UsbController{.index = 1})), "none");
    const UsbDevice there{.host_bus = 1, .host_device = 4, .controller = 1, .port = 1};
    EXPECT_EQ(placed(guest, stick), Device(there));
    EXPECT_EQ(refusal(add_device(guest, stick)), "none");
    EXPECT_EQ(find_device(guest, stick), Device(there));
    EXPECT_EQ(find_device(guest, "usb1-port1"), Device(there));
    EXPECT_EQ(refusal(replace_device(guest, stick)), "none");
    EXPECT_EQ(find_device(guest, stick), Device(there)) << "it stays where it is";
}

TEST(UsbController, StaysAsLongAsADeviceHangsOnIt) {
    Definition guest{.type = GuestType::pv};
    const UsbController controller{.index = 1};
    ASSERT_TRUE(add_device(guest, controller));
    ASSERT_TRUE(add_device(guest, stick));
    EXPECT_EQ(refusal(remove_device(guest, controller)),
              "USB device 1.4 hangs on USB controller 1: detach that first");
    EXPECT_EQ(refusal(remove_device(guest, stick)), "none");
    EXPECT_EQ(refusal(remove_device(guest, controller)), "none");
    EXPECT_EQ(guest.usb, Usb());
}

}  // namespace
}  // namespace virtlight::domain::device_host_test
