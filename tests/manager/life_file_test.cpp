// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/life_file.hpp"

#include <gtest/gtest.h>

#include "domain/xml.hpp"

namespace virtlight::manager {
namespace {

TEST(LifeFile, SaysWhichPortASpiceServerTook) {
    StoredLife life{.definition = domain::parse_xml("<domain type='xen'><name>a</name><memory>65536</memory>"
                                                    "<os><type>hvm</type></os><devices>"
                                                    "<graphics type='spice'/></devices></domain>")
                                      .value(),
                    .domid = 3};
    life.definition.graphics.spice->port = 61007;
    EXPECT_EQ(parse_life(format_life(life, "boot"), "boot")->definition, life.definition);
}

TEST(LifeFile, SaysSinceWhenTheGuestLivesAndHowManyLivesBeforeWereShort) {
    StoredLife life{.definition = domain::parse_xml("<domain type='xen'><name>a</name><memory>65536</memory>"
                                                    "<os><type>hvm</type></os></domain>")
                                      .value(),
                    .domid = 3,
                    .short_lives = 4,
                    .since = Time(milliseconds(123'456'789))};
    const auto text = format_life(life, "boot");
    const auto read = parse_life(text, "boot");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->short_lives, 4u);
    EXPECT_EQ(read->since, life.since);
    EXPECT_EQ(read->definition, life.definition) << "and none of it is taken for a tty";
    auto never = text;
    never.replace(never.find("123456789"), 9, "9223372036854775807");
    EXPECT_GT(parse_life(never, "boot")->since, life.since);
}

TEST(LifeFile, SaysWhereUsbDevicesWereFound) {
    const auto guest = domain::parse_xml(
        "<domain type='xen'><name>a</name><memory>65536</memory><os><type>hvm</type></os><devices>"
        "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source>"
        "</hostdev><hostdev mode='subsystem' type='usb'><source><vendor id='0x951'/>"
        "<product id='0x1666'/></source></hostdev></devices></domain>");
    ASSERT_TRUE(guest) << guest.error().message;
    StoredLife life{.definition = *guest, .domid = 3};
    EXPECT_EQ(parse_life(format_life(life, "boot"), "boot")->definition, life.definition);
    auto& device = life.definition.usb.devices.at(1);
    device.host_bus = 2;
    device.host_device = 17;
    device.found = true;
    EXPECT_EQ(parse_life(format_life(life, "boot"), "boot")->definition, life.definition);
}

TEST(LifeFile, SaysWhichBridgesWereFoundForNetworks) {
    const auto interface = [](std::string_view type, std::string_view last) {
        return fmt::format(
            "<interface type='{}'><mac address='00:16:3e:00:00:{}'/><source {}='default'/></interface>", type,
            last, type);
    };
    const auto guest = domain::parse_xml(
        "<domain type='xen'><name>a</name><memory>65536</memory><os><type>hvm</type></os><devices>" +
        interface("network", "01") + interface("bridge", "02") + interface("network", "03") +
        "</devices></domain>");
    ASSERT_TRUE(guest) << guest.error().message;
    StoredLife life{.definition = *guest, .domid = 3};
    life.definition.nics.at(2).bridge = "virbr0";
    auto text = format_life(life, "boot");
    EXPECT_EQ(parse_life(text, "boot")->definition, life.definition);
    text.replace(text.find("bridge:virbr0"), 13, "bridge:virbr/");
    EXPECT_EQ(parse_life(text, "boot")->definition, *guest) << "that is no bridge";
}

TEST(LifeFile, SaysWhichPciDevicesWereTakenFromTheHost) {
    StoredLife life{.domid = 3, .held = Held::devices};
    life.definition = domain::parse_xml(
                          "<domain type='xen'><name>a</name><memory>65536</memory>"
                          "<os><type>hvm</type></os></domain>")
                          .value();
    life.pci_taken = {{.bus = 7}, {.domain = 1, .bus = 0xfe, .slot = 31, .function = 7}};
    const auto read = parse_life(format_life(life, "boot"), "boot");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->pci_taken, life.pci_taken);
    EXPECT_EQ(read->held, Held::devices);
    EXPECT_EQ(read->definition, life.definition);
}

}  // namespace
}  // namespace virtlight::manager
