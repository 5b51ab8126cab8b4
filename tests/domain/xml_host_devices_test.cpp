// SPDX-License-Identifier: LGPL-2.1-or-later
// What <hostdev>, USB <controller>, <channel> and <filesystem> are read into, and what they are refused for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_host_devices_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Model = UsbController::Model;

const std::string pv_os = Sample{}.os;
const std::string pvh_os = "<os><type>xenpvh</type><kernel>/boot/guest</kernel></os>";

Definition read(std::string devices, std::string os = pv_os) {
    return definition_of({.os = std::move(os), .devices = std::move(devices)});
}

std::string refusal(std::string devices, std::string os = pv_os) {
    return verdict(Sample{.os = std::move(os), .devices = std::move(devices)}.xml());
}

std::string pci(std::string_view address, std::string_view more = "") {
    return fmt::format("<hostdev mode='subsystem' type='pci'><source><address {}/></source>{}</hostdev>",
                       address, more);
}

std::string usb(std::string_view address, std::string_view more = "") {
    return fmt::format("<hostdev mode='subsystem' type='usb'><source><address {}/></source>{}</hostdev>",
                       address, more);
}

const std::string some_pci = pci("bus='0x07' slot='0x10' function='0x1'");

TEST(PciAddress, IsWrittenAsTheKernelHasIt) {
    const PciAddress address{.domain = 0xabc, .bus = 0x7, .slot = 0x1f, .function = 7};
    EXPECT_EQ(to_string(address), "0abc:07:1f.7");
    EXPECT_EQ(parse_pci_address("0abc:07:1f.7"), address);
    EXPECT_EQ(parse_pci_address("07:1f.7"), (PciAddress{.bus = 0x7, .slot = 0x1f, .function = 7}));
    for (const auto* const text : {"", "07", "07:1f", "07:1f.8", "07:20.0", "100:00.0", "10000:00:00.0",
                                   "07:1f.7 ", "0:0:0:0.0", "07:1f.-1", "x:07:1f.7"})
        EXPECT_EQ(parse_pci_address(text), std::nullopt) << text;
}

TEST(DomainXmlPci, AddressesAreNumbersOfEitherKind) {
    const PciDevice device{.address = {.bus = 7, .slot = 16, .function = 1}};
    EXPECT_THAT(read(some_pci).pci_devices, ElementsAre(device));
    EXPECT_THAT(read(pci("domain='0' bus='7' slot='16' function='1'")).pci_devices, ElementsAre(device));
}

TEST(DomainXmlPci, OfARunningGuestHaveAliases) {
    const auto xml = format_xml(read(some_pci + usb("bus='1' device='4'")), 3U);
    EXPECT_THAT(xml, HasSubstr("<alias name='pci-0000-07-10-1'/>"));
    EXPECT_THAT(xml, HasSubstr("<alias name='usb0'/>"));
    EXPECT_THAT(xml, HasSubstr("<alias name='usb0-port1'/>"));
}

std::string card(std::string_view mac, std::string_view bus, std::string_view more = "") {
    return fmt::format(
        "<interface type='hostdev' managed='yes'>{}<source><address type='pci' bus='{}' slot='1'/></source>{}"
        "</interface>",
        mac, bus, more);
}

constexpr std::string_view card_mac = "<mac address='52:54:00:6d:90:02'/>";

TEST(DomainXmlNetworkCard, IsAPciDeviceWithAMacAddress) {
    const PciDevice other{.address = {.bus = 7, .slot = 16, .function = 1}};
    const PciDevice device{.address = {.bus = 9, .slot = 1},
                           .managed = true,
                           .guest_slot = 4,
                           .mac = MacAddress::parse("52:54:00:6d:90:02")};
    const auto guest = read(some_pci + card(card_mac, "9", "<address type='pci' bus='0' slot='4'/>"), hvm_os);
    EXPECT_THAT(guest.pci_devices, ElementsAre(device, other));
    EXPECT_THAT(guest.nics, IsEmpty());
    EXPECT_THAT(
        format_xml(guest, 3U),
        HasSubstr("    <interface type='hostdev' managed='yes'>\n"
                  "      <mac address='52:54:00:6d:90:02'/>\n"
                  "      <source>\n"
                  "        <address type='pci' domain='0x0000' bus='0x09' slot='0x01' "
                  "function='0x0'/>\n"
                  "      </source>\n"
                  "      <alias name='pci-0000-09-01-0'/>\n"
                  "      <address type='pci' domain='0x0000' bus='0x00' slot='0x04' function='0x0'/>\n"
                  "    </interface>\n"));
    EXPECT_EQ(parse_xml(format_xml(guest)), guest);
}

TEST(DomainXmlNetworkCard, GetsAMacAddressThatItKeeps) {
    const auto guest = read(card("", "9"));
    ASSERT_TRUE(guest.pci_devices.at(0).mac);
    EXPECT_EQ(parse_xml(format_xml(guest)), guest);
}

TEST(DomainXmlNetworkCard, LeavesOtherInterfacesTheirNumbers) {
    const std::string vif = "<interface type='bridge'><source bridge='b'/></interface>";
    const auto guest = read(vif + card(card_mac, "9") + vif);
    ASSERT_EQ(guest.nics.size(), 2u);
    EXPECT_EQ(guest.nics[1].devid, 1u);
}

TEST(DomainXmlNetworkCardRefusal, OfWhatCannotBe) {
    EXPECT_THAT(refusal("<interface type='hostdev'/>"),
                HasSubstr("<interface> has no <source> with an <address>"));
    EXPECT_THAT(refusal(card(card_mac, "9"), pvh_os), HasSubstr("to PV and HVM guests, and not to PVH ones"));
    EXPECT_THAT(refusal(card(card_mac, "9") + card(card_mac, "8")),
                HasSubstr("the MAC address 52:54:00:6d:90:02 is that of PCI device 0000:09:01.0 already"));
    EXPECT_THAT(refusal(card(card_mac, "9") + "<interface type='bridge'>" + std::string(card_mac) +
                        "<source bridge='b'/></interface>"),
                HasSubstr("another network interface of the guest has the MAC address 52:54:00:6d:90:02"));
    EXPECT_THAT(refusal(card("<mac address='01:00:00:00:00:00'/>", "9")), HasSubstr("unicast mac address"));
    EXPECT_THAT(refusal(card(card_mac, "9", "<vlan><tag id='4'/></vlan>")),
                HasSubstr("element <vlan> is not supported in <interface>; allowed here: driver, source"));
    EXPECT_THAT(refusal(card(card_mac, "7") + pci("bus='7' slot='1'")),
                HasSubstr("the guest has PCI device 0000:07:01.0 already"));
}

TEST(DomainXmlPciRefusal, OfWhatCannotBe) {
    EXPECT_THAT(refusal("<hostdev mode='subsystem' type='scsi'/>"),
                HasSubstr("'scsi'; allowed here: pci, usb"));
    EXPECT_THAT(refusal("<hostdev mode='capabilities' type='misc'/>"),
                HasSubstr("'capabilities'; allowed here: subsystem"));
    EXPECT_THAT(refusal("<hostdev mode='subsystem' type='pci'/>"), HasSubstr("<source> with an <address>"));
    EXPECT_THAT(refusal(pci("bus='7'")), HasSubstr("<address> has no attribute 'slot'"));
    EXPECT_THAT(refusal(pci("bus='7' slot='0xg'")), HasSubstr("must be a number, not '0xg'"));
    EXPECT_THAT(refusal(pci("bus='256' slot='0'")), HasSubstr("no PCI device"));
    EXPECT_THAT(refusal(pci("bus='0' slot='32'")), HasSubstr("no PCI device"));
    EXPECT_THAT(refusal(some_pci, pvh_os), HasSubstr("to PV and HVM guests, and not to PVH ones"));
    EXPECT_THAT(refusal(some_pci + some_pci), HasSubstr("the guest has PCI device 0000:07:10.1 already"));
    EXPECT_THAT(refusal(pci("bus='7' slot='1'", "<driver name='vfio'/>")),
                HasSubstr("'vfio'; allowed here: xen"));
    EXPECT_THAT(refusal(pci("bus='7' slot='1'", "<rom bar='off'/>")), HasSubstr("<rom> is not supported"));
}

TEST(DomainXmlPciRefusal, OfAPlaceInTheGuestThatCannotBe) {
    const auto at = [](std::string_view slot) {
        return pci("bus='7' slot='1'", fmt::format("<address type='pci' bus='0' slot='{}'/>", slot));
    };
    EXPECT_EQ(read(at("5"), hvm_os).pci_devices.at(0).guest_slot, 5U);
    EXPECT_THAT(refusal(at("5")), HasSubstr("of an HVM guest only"));
    EXPECT_THAT(refusal(at("0"), hvm_os), HasSubstr("in a slot from 1 on"));
    EXPECT_THAT(refusal(at("32"), hvm_os), HasSubstr("the guest's slot is from 1 to 31, not 32"));
    EXPECT_THAT(refusal(pci("bus='7' slot='1'", "<address type='pci' bus='1' slot='1'/>"), hvm_os),
                HasSubstr("on bus 0"));
    EXPECT_THAT(refusal(at("5") + pci("bus='8' slot='1'", "<address type='pci' bus='0' slot='5'/>"), hvm_os),
                HasSubstr("the guest's slot 5 is that of its PCI device 0000:07:01.0 already"));
}

TEST(DomainXmlUsb, ControllersAreTheUsualOnes) {
    EXPECT_THAT(read("<controller type='usb'/>").usb.controllers,
                ElementsAre(UsbController{0, Model::qusb2, 8}));
    EXPECT_THAT(read("<controller type='usb' index='3'/><controller type='usb'/>", hvm_os).usb.controllers,
                ElementsAre(UsbController{0, Model::ehci, 6}, UsbController{3, Model::ehci, 6}));
}

TEST(DomainXmlUsb, DevicesFindAPlaceOfTheirOwn) {
    const auto definition =
        read("<controller type='usb' model='qusb1' ports='2'/>" + usb("bus='1' device='2'") +
             usb("bus='1' device='3'", "<address type='usb' bus='0' port='1'/>") + usb("bus='1' device='4'"));
    EXPECT_THAT(definition.usb.controllers,
                ElementsAre(UsbController{0, Model::qusb1, 2}, UsbController{1, Model::qusb2, 8}))
        << "one is added where there is no room";
    EXPECT_THAT(definition.usb.devices,
                ElementsAre(UsbDevice{1, 3, 0, 1}, UsbDevice{1, 2, 0, 2}, UsbDevice{1, 4, 1, 1}));
    EXPECT_THAT(read("").usb.controllers, IsEmpty());
}

std::string stick(std::string_view source) {
    return fmt::format("<hostdev mode='subsystem' type='usb'><source>{}</source></hostdev>", source);
}

constexpr std::string_view stick_id = "<vendor id='0x0951'/><product id='0x1666'/>";

TEST(DomainXmlUsb, DevicesAreNamedByWhatTheyAre) {
    const auto guest = read(stick(stick_id) + stick("<vendor id='1921'/><product id='0x5567'/>"
                                                    "<address bus='1' device='4'/>"));
    const UsbDevice by_id{.port = 1, .id = UsbId{0x951, 0x1666}};
    const UsbDevice by_both{.host_bus = 1, .host_device = 4, .port = 2, .id = UsbId{0x781, 0x5567}};
    EXPECT_THAT(guest.usb.devices, ElementsAre(by_id, by_both));
    EXPECT_EQ(parse_xml(format_xml(guest)), guest);
    EXPECT_EQ(to_string(by_id), "0951:1666");
    EXPECT_EQ(to_string(by_both), "1.4");
}

TEST(DomainXmlUsb, DevicesThatWereFoundAreShownWhereTheyAre) {
    auto guest = read(stick(stick_id));
    guest.usb.devices[0].host_bus = 1;
    guest.usb.devices[0].host_device = 4;
    guest.usb.devices[0].found = true;
    EXPECT_THAT(format_xml(guest, 3U), HasSubstr("      <source>\n"
                                                 "        <vendor id='0x0951'/>\n"
                                                 "        <product id='0x1666'/>\n"
                                                 "        <address bus='1' device='4'/>\n"
                                                 "      </source>\n"));
    EXPECT_EQ(parse_xml(format_xml(guest))->usb, read(stick(stick_id)).usb)
        << "another life may find another";
    EXPECT_EQ(without_found_addresses(guest.usb).devices, read(stick(stick_id)).usb.devices);
}

TEST(DomainXmlUsbRefusal, OfWhatCannotBe) {
    EXPECT_THAT(refusal("<controller type='usb' model='ehci'/>"), HasSubstr("models qusb1 and qusb2"));
    EXPECT_THAT(refusal("<controller type='usb' model='none'/>"),
                HasSubstr("allowed here: qusb1, qusb2, piix3-uhci, ehci, nec-xhci"));
    EXPECT_THAT(refusal("<controller type='usb' index='8'/>"), HasSubstr("USB controllers 0 to 7, not 8"));
    EXPECT_THAT(refusal("<controller type='usb' ports='32'/>"), HasSubstr("from 1 to 31 ports, not 32"));
    EXPECT_THAT(refusal("<controller type='usb' model='piix3-uhci' ports='3'/>", hvm_os),
                HasSubstr("from 2 to 2 ports, not 3"));
    EXPECT_THAT(refusal("<controller type='usb' index='0'/><controller type='usb' index='0'/>"),
                HasSubstr("a USB controller 0 already"));
    EXPECT_THAT(refusal("<hostdev mode='subsystem' type='usb'><source/></hostdev>"),
                HasSubstr("no <source> that names a USB device"));
    EXPECT_THAT(refusal(stick("<vendor id='0x1234'/>")),
                HasSubstr("its <vendor> and its <product> together"));
    EXPECT_THAT(refusal(stick("<vendor/><product id='1'/>")), HasSubstr("<vendor> has no attribute 'id'"));
    EXPECT_THAT(refusal(stick("<vendor id='x'/><product id='1'/>")),
                HasSubstr("attribute 'id' of <vendor> must be a number, not 'x'"));
    EXPECT_THAT(refusal(stick("<vendor id='0'/><product id='1'/>")),
                HasSubstr("from 0x0001 to 0xffff, and its product up to 0xffff, not 0x0000 and 0x0001"));
    EXPECT_THAT(refusal(stick("<vendor id='1'/><product id='0x10000'/>")), HasSubstr("and 0x10000"));
    EXPECT_THAT(refusal(stick(stick_id) + stick(stick_id)),
                HasSubstr("the guest has USB device 0951:1666 already"));
    EXPECT_THAT(refusal(usb("bus='0' device='4'")), HasSubstr("from 1 to 255, not 0.4"));
    EXPECT_THAT(refusal(usb("bus='1' device='4'") + usb("bus='1' device='4'")),
                HasSubstr("the guest has USB device 1.4 already"));
    EXPECT_THAT(refusal(usb("bus='1' device='4'", "<address type='usb' bus='0' port='1'/>")),
                HasSubstr("the guest has no USB controller 0"));
    EXPECT_THAT(refusal("<controller type='usb'/>" +
                        usb("bus='1' device='4'", "<address type='usb' bus='0' port='9'/>")),
                HasSubstr("USB controller 0 has ports 1 to 8, not 9"));
    EXPECT_THAT(refusal("<controller type='usb'/>" +
                        usb("bus='1' device='4'", "<address type='usb' bus='0' port='1'/>") +
                        usb("bus='1' device='5'", "<address type='usb' bus='0' port='1'/>")),
                HasSubstr("port 1 of USB controller 0 is taken"));
    EXPECT_THAT(refusal("<redirdev bus='usb' type='spicevmc'/>"), HasSubstr("<redirdev> is not supported"));
}

TEST(DomainXmlChannels, AreCountedBehindTheConsole) {
    const auto consoles = read(
                              "<channel type='pty'><target type='xen' name='one'/></channel>"
                              "<channel type='unix'><source mode='bind' path='/run/two'/>"
                              "<target type='xen' name='two'/></channel>")
                              .consoles;
    EXPECT_THAT(
        consoles,
        ElementsAre(
            Console{}, Console{.target = Console::Target::channel, .port = 1, .name = "one"},
            Console{.target = Console::Target::channel, .port = 2, .name = "two", .socket = "/run/two"}));
}

TEST(DomainXmlChannels, OfARunningGuestHaveTheirTtys) {
    auto definition = read("<channel type='pty'><target type='xen' name='one'/></channel>");
    definition.consoles.back().tty = "/dev/pts/7";
    EXPECT_THAT(format_xml(definition, 3U),
                HasSubstr("<channel type='pty'>\n      <source path='/dev/pts/7'/>\n      <target type='xen' "
                          "name='one'/>"));
    EXPECT_EQ(format_xml(definition).find("/dev/pts/7"), std::string::npos);
}

TEST(DomainXmlChannelsRefusal, OfWhatCannotBe) {
    const auto channel = [](std::string_view inside, std::string_view type = "pty") {
        return fmt::format("<channel type='{}'>{}</channel>", type, inside);
    };
    EXPECT_THAT(refusal(channel("<target type='virtio' name='a'/>")),
                HasSubstr("'virtio'; allowed here: xen"));
    EXPECT_THAT(refusal(channel("<target type='xen' name='a'/>", "spicevmc")),
                HasSubstr("'spicevmc'; allowed here: pty, unix"));
    EXPECT_THAT(refusal(channel("<target type='xen'/>")), HasSubstr("name of a channel must be 1 to 128"));
    EXPECT_THAT(refusal(channel("<target type='xen' name='a'/>") + channel("<target type='xen' name='a'/>")),
                HasSubstr("the guest has a channel 'a' already"));
    EXPECT_THAT(refusal(channel("<target type='xen' name='a'/>", "unix")), HasSubstr("attribute 'path'"));
    EXPECT_THAT(refusal(channel("<source mode='bind' path='run'/><target type='xen' name='a'/>", "unix")),
                HasSubstr("its socket must be an absolute path of up to 107 bytes"));
    EXPECT_THAT(refusal(channel("<source mode='connect' path='/r'/><target type='xen' name='a'/>", "unix")),
                HasSubstr("'connect'; allowed here: bind"));
    std::string many;
    for (std::size_t i = 0; i <= limits::channels; ++i)
        many += channel(fmt::format("<target type='xen' name='{}'/>", i));
    EXPECT_THAT(refusal(many), HasSubstr("a guest can have 16 channels"));
}

TEST(DomainXmlFilesystemRefusal, OfWhatCannotBe) {
    const auto folder = [](std::string_view more, std::string_view tag = "t", std::string_view dir = "/srv") {
        return fmt::format("<filesystem><source dir='{}'/><target dir='{}'/>{}</filesystem>", dir, tag, more);
    };
    EXPECT_THAT(refusal(folder("<readonly/>")), HasSubstr("cannot be <readonly/>"));
    EXPECT_THAT(refusal(folder("", "")), HasSubstr("the tag of a shared folder must be 1 to 31 bytes"));
    EXPECT_THAT(refusal(folder("", "t", "srv")), HasSubstr("the absolute path of a folder"));
    EXPECT_THAT(refusal(folder("", "t", "/" + std::string(limits::path_bytes, 'f'))),
                HasSubstr("up to 4095 bytes"));
    EXPECT_THAT(refusal(folder("") + folder("")), HasSubstr("a shared folder 't' already"));
    EXPECT_THAT(refusal("<filesystem type='template'/>"), HasSubstr("'template'; allowed here: mount"));
    EXPECT_THAT(refusal("<filesystem accessmode='mine'/>"),
                HasSubstr("allowed here: passthrough, mapped, squash"));
}

}  // namespace
}  // namespace virtlight::domain::xml_host_devices_test
