// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/node_device.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/node_device_messages.hpp"
#include "libvirt/schema.hpp"

namespace virtlight::libvirt {
namespace {

using hypervisor::HostDevice;
using hypervisor::HostDisk;
using hypervisor::HostInterface;
using hypervisor::HostPciDevice;
using hypervisor::HostScsiDevice;
using hypervisor::HostUsbDevice;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<HostPciDevice> pci{{.address = {.bus = 7},
                                      .vendor = 0x8086,
                                      .product = 0x10d3,
                                      .vendor_name = "A & B",
                                      .class_code = 0x020000,
                                      .driver = "e1000e",
                                      .path = "/sys/devices/pci/7"},
                                     {.address = {.bus = 8}, .path = "/sys/devices/pci/70"}};

std::vector<HostDevice> others() {
    return {{"/sys/devices/pci/7/net/eth0", "", HostInterface{"eth0", "00:16:3e:00:00:01", "up", 1000, true}},
            {"/sys/devices/pci/7/net/wlan0", "",
             HostInterface{"wlan0", "00:16:3e:00:00:02", "down", 0, true, true}},
            {"/sys/devices/virtual/net/lo", "", HostInterface{"lo", "", "unknown"}},
            {"/sys/devices/pci/70/usb1", "usb", HostUsbDevice{1, 1, {0x1d6b, 2}}},
            {"/sys/devices/pci/70/usb1/1-4.2", "usb", HostUsbDevice{1, 9, {0x951, 0x1666}, "A & B", "stick"}},
            {"/sys/devices/host2/2:0:0:1", "sd", HostScsiDevice{2, 0, 0, 1, "disk"}},
            {"/sys/devices/host2/2:0:0:1/block/sda", "",
             HostDisk{"/dev/sda", "ATA", "QEMU", "4711", 1 << 20, 4096}},
            {"/sys/devices/host3/sr0", "", HostDisk{.node = "/dev/sr0", .removable = true, .optical = true}}};
}

hypervisor::HostFacts facts() {
    return {.smbios = {{"bios", "date", "01/01/2026"},
                       {"system", "product", "<box>"},
                       {"system", "uuid", "7ce92f0b-4a5b-4c8e-9d55-0f2b6a1c3d4e"}}};
}

class NodeDevices : public testing::Test {
 protected:
    const NodeDevice& device(std::string_view name) const {
        return *std::ranges::find(all, name, &NodeDevice::name);
    }
    std::string parent(std::string_view name) const { return parent_of(device(name), all); }
    std::string xml(std::string_view name) const { return node_device_xml(device(name), parent(name)); }

    const std::vector<NodeDevice> all = node_devices(facts(), pci, others());
};

TEST_F(NodeDevices, HaveNamesByWhatTheyAre) {
    std::vector<std::string> names;
    for (const auto& each : all)
        names.push_back(each.name);
    EXPECT_THAT(names, ElementsAre("computer", "pci_0000_07_00_0", "pci_0000_08_00_0",
                                   "net_eth0_00_16_3e_00_00_01", "net_wlan0_00_16_3e_00_00_02", "net_lo",
                                   "usb_usb1", "usb_1_4_2", "scsi_2_0_0_1", "block_sda", "block_sr0"));
}

TEST_F(NodeDevices, HangOnTheNearestAboveThem) {
    EXPECT_EQ(parent("computer"), "");
    EXPECT_EQ(parent("pci_0000_07_00_0"), "computer");
    EXPECT_EQ(parent("pci_0000_08_00_0"), "computer") << "whose path only begins like another one's";
    EXPECT_EQ(parent("net_eth0_00_16_3e_00_00_01"), "pci_0000_07_00_0");
    EXPECT_EQ(parent("usb_1_4_2"), "usb_usb1");
    EXPECT_EQ(parent("block_sda"), "scsi_2_0_0_1");
    EXPECT_EQ(parent("net_lo"), "computer");
}

TEST_F(NodeDevices, PassLibvirtsSchema) {
    for (const auto& each : all)
        EXPECT_EQ(complaint("nodedev.rng", xml(each.name)), "") << xml(each.name);
    const auto bare = node_devices({}, {}, {});
    EXPECT_EQ(complaint("nodedev.rng", node_device_xml(bare.at(0), "")), "");
}

TEST_F(NodeDevices, TellWhatTheyAre) {
    EXPECT_THAT(xml("computer"), AllOf(HasSubstr("<product>&lt;box&gt;</product>"),
                                       HasSubstr("<release_date>01/01/2026"), Not(HasSubstr("<parent>"))));
    EXPECT_THAT(xml("pci_0000_07_00_0"),
                AllOf(HasSubstr("<class>0x020000</class>"), HasSubstr("<product id='0x10d3'/>"),
                      HasSubstr("<vendor id='0x8086'>A &amp; B</vendor>")));
    EXPECT_THAT(xml("net_eth0_00_16_3e_00_00_01"),
                AllOf(HasSubstr("<link speed='1000' state='up'/>"), HasSubstr("<capability type='80203'/>")));
    EXPECT_THAT(xml("net_wlan0_00_16_3e_00_00_02"),
                AllOf(HasSubstr("<link state='down'/>"), HasSubstr("type='80211'")));
    EXPECT_THAT(xml("usb_1_4_2"),
                AllOf(HasSubstr("<product id='0x1666'>stick</product>"), HasSubstr("A &amp; B")));
    EXPECT_THAT(xml("block_sda"),
                AllOf(HasSubstr("<devnode type='dev'>/dev/sda</devnode>"), HasSubstr("<size>1048576</size>"),
                      HasSubstr("<num_blocks>256</num_blocks>")));
    EXPECT_THAT(xml("block_sr0"), AllOf(HasSubstr("<drive_type>cdrom"), HasSubstr("<media_available>0<")));
}

TEST_F(NodeDevices, AreComparedWithThoseOfBeforeByTheirNames) {
    using What = NodeDeviceEvent::What;
    EXPECT_THAT(node_device_changes(all, all), IsEmpty());
    auto later = others();
    std::get<HostInterface>(later[0].what).state = "down";
    later.erase(later.begin() + 3, later.begin() + 5);
    later.push_back({"/sys/devices/host3/sdb", "", HostDisk{.node = "/dev/sdb"}});
    const auto now = node_devices(facts(), pci, later);
    EXPECT_THAT(
        node_device_changes(all, now),
        ElementsAre(NodeDeviceEvent{"usb_1_4_2", What::deleted}, NodeDeviceEvent{"usb_usb1", What::deleted},
                    NodeDeviceEvent{"net_eth0_00_16_3e_00_00_01", What::changed},
                    NodeDeviceEvent{"block_sdb", What::created}));
    EXPECT_EQ(node_device_changes({}, all).size(), all.size());
    auto of_driver = pci;
    of_driver[0].driver = "pciback";
    EXPECT_THAT(node_device_changes(all, node_devices(facts(), of_driver, others())),
                ElementsAre(NodeDeviceEvent{"pci_0000_07_00_0", What::changed}));
}

TEST_F(NodeDevices, OfOneNameAreOne) {
    const std::vector<HostDevice> two{{"/sys/devices/virtual/net/a.b", "", HostInterface{"a.b"}},
                                      {"/sys/devices/virtual/net/a-b", "", HostInterface{"a-b"}}};
    const auto twice = node_devices({}, {}, two);
    EXPECT_THAT(node_device_changes(twice, twice), IsEmpty());
    EXPECT_THAT(node_device_changes(node_devices({}, {}, {}), twice),
                ElementsAre(NodeDeviceEvent{"net_a_b", NodeDeviceEvent::What::created}));
    EXPECT_THAT(node_device_changes(twice, node_devices({}, {}, {})),
                ElementsAre(NodeDeviceEvent{"net_a_b", NodeDeviceEvent::What::deleted}));
}

TEST_F(NodeDevices, AreListedByKindAndFoundByName) {
    Conversation talk;
    talk.xen.pci = pci;
    talk.xen.others = others();
    EXPECT_EQ(talk.call<std::int32_t>(111, DeviceNumArgs{}).value(), 11);
    EXPECT_EQ(talk.call<std::int32_t>(111, DeviceNumArgs{.capability = "net"}).value(), 3);
    EXPECT_THAT(
        talk.call<std::vector<std::string>>(112, DeviceNamesArgs{.capability = "storage", .max = 1}).value(),
        ElementsAre("block_sda"));
    constexpr std::uint32_t usb_or_scsi = 1 << 2 | 1 << 7;
    EXPECT_THAT(talk.call<NodeDeviceList>(285, ListAllArgs{1, usb_or_scsi}).value().names,
                ElementsAre("usb_usb1", "usb_1_4_2", "scsi_2_0_0_1"));
    EXPECT_EQ(talk.call<NodeDeviceList>(285, ListAllArgs{0, 0}).value(), (NodeDeviceList{{}, 11}));
    EXPECT_EQ(talk.call<std::optional<std::string>>(115, std::string("usb_1_4_2")).value(), "usb_usb1");
    EXPECT_EQ(talk.call<std::optional<std::string>>(115, std::string("computer")).value(), std::nullopt);
    EXPECT_THAT(talk.call<std::vector<std::string>>(117, NodeDeviceCapsArgs{"block_sda", 5}).value(),
                ElementsAre("storage"));
    for (const std::string name : {"computer", "usb_1_4_2"}) {
        EXPECT_TRUE(talk.call<bool>(436, name).value()) << "it is there";
        EXPECT_EQ(talk.call<bool>(435, name).value(), name == "computer") << "and nobody has defined it";
        EXPECT_EQ(talk.call<bool>(433, name).value(), name == "computer");
    }
    EXPECT_EQ(talk.call<bool>(436, std::string("pci_7")).error().reason, Reason::no_node_device);
    EXPECT_EQ(talk.call<std::string>(113, std::string("pci_7")).error().reason, Reason::no_node_device);
    const auto detached = talk.call<void>(118, std::string("net_lo"));
    ASSERT_FALSE(detached);
    EXPECT_EQ(detached.error().message, "Device net_lo is not a PCI device");
}

}  // namespace
}  // namespace virtlight::libvirt
