// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::xl_cfg_devices_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using xl::hvm;
using xl::pv;
using xl::read;
using xl::refusal;

TEST(XlCfgPci, IsReadAsXlDoes) {
    EXPECT_THAT(
        read(hvm + "pci=['07:10.1', '0001:08:00.0@1f,seize=1,permissive=1', 'bdf=09:00.0,vslot=3']")
            .pci_devices,
        ElementsAre(
            PciDevice{.address = {.bus = 7, .slot = 16, .function = 1}},
            PciDevice{
                .address = {.domain = 1, .bus = 8}, .managed = true, .permissive = true, .guest_slot = 31},
            PciDevice{.address = {.bus = 9}, .guest_slot = 3}));
    EXPECT_THAT(
        read(hvm + "pci_seize=1\npci_permissive=1\npci=['07:10.1', '07:10.2,seize=0']").pci_devices,
        ElementsAre(
            PciDevice{.address = {.bus = 7, .slot = 16, .function = 1}, .managed = true, .permissive = true},
            PciDevice{.address = {.bus = 7, .slot = 16, .function = 2}, .permissive = true}));
}

TEST(XlCfgPci, ThatCannotBeIsRefusedWithItsLine) {
    EXPECT_THAT(refusal(hvm + "pci=['x:y']"), HasSubstr("line 4: 'x:y' is no address of a PCI device"));
    EXPECT_THAT(refusal(hvm + "pci=['07:10.1@20']"), HasSubstr("'20' is no slot of a guest"));
    EXPECT_EQ(refusal(hvm + "pci=['07:10.1,msitranslate=0,power_mgmt=0']"), "ok");
    EXPECT_EQ(refusal(hvm + "pci=['07:10.1,msitranslate=1']\npci_msitranslate=1"), "ok");
    EXPECT_THAT(
        refusal(hvm + "pci=['07:10.1,msitranslate=1']"),
        HasSubstr("line 4: 'msitranslate' is the same of all PCI devices here, as 'pci_msitranslate' says"));
    EXPECT_THAT(refusal(hvm + "pci_power_mgmt=1\npci=['07:10.1,power_mgmt=0']"),
                HasSubstr("as 'pci_power_mgmt' says"));
    EXPECT_THAT(refusal(hvm + "pci=['07:10.1,rdm_policy=strict']"),
                HasSubstr("'rdm_policy' of a PCI device"));
    EXPECT_THAT(refusal(hvm + "pci=['']"), HasSubstr("a PCI device has no address"));
    EXPECT_THAT(refusal(hvm + "pci=['07:10.1','07:10.1']"), HasSubstr("line 4: "));
}

TEST(XlCfgUsb, IsReadAsXlDoes) {
    using Model = UsbController::Model;
    const auto usb =
        read(hvm +
             "usbctrl=['type=qusb,version=1,ports=3','version=3','']\n"
             "usbdev=['hostbus=1,hostaddr=4,controller=0,port=3','type=hostdev,hostbus=2,hostaddr=5']")
            .usb;
    EXPECT_THAT(usb.controllers, ElementsAre(UsbController{0, Model::qusb1, 3},
                                             UsbController{1, Model::xhci, usual_ports(Model::xhci)},
                                             UsbController{2, Model::ehci, usual_ports(Model::ehci)}));
    EXPECT_THAT(usb.devices, ElementsAre(UsbDevice{1, 4, 0, 3}, UsbDevice{2, 5, 0, 1}));
    EXPECT_THAT(read(pv + "usbdev=['hostbus=1,hostaddr=4']").usb.controllers,
                ElementsAre(UsbController{0, Model::qusb2, usual_ports(Model::qusb2)}));
}

TEST(XlCfgUsb, HangsOnTheControllerThatItNames) {
    const auto guest = hvm + "usbctrl=['ports=6','ports=6']\n";
    EXPECT_THAT(read(guest + "usbdev=['hostbus=1,hostaddr=4,controller=1']").usb.devices,
                ElementsAre(UsbDevice{1, 4, 1, 1}));
    EXPECT_THAT(refusal(guest + "usbdev=['hostbus=1,hostaddr=4,controller=2']"),
                HasSubstr("line 5: 'usbdev': USB controller 2 has no free port, or is not there"));
}

TEST(XlCfgUsb, IsWrittenWithControllersAsXlCountsThem) {
    auto definition = read(pv);
    definition.usb = {.controllers = {{.index = 1}, {.index = 3}},
                      .devices = {{.host_bus = 1, .host_device = 4, .controller = 3, .port = 2}}};
    EXPECT_THAT(read(format_xl_cfg(definition)).usb.devices, ElementsAre(UsbDevice{1, 4, 1, 2}));
}

TEST(XlCfgUsb, ThatCannotBeIsRefusedWithItsLine) {
    EXPECT_THAT(refusal(hvm + "usbctrl=['type=pv']"), HasSubstr("line 4: 'type' cannot be 'pv' here"));
    EXPECT_THAT(refusal(pv + "usbctrl=['version=3']"), HasSubstr("can be of version 1 or 2"));
    EXPECT_THAT(refusal(hvm + "usbctrl=['colour=1']"), HasSubstr("'colour' in 'usbctrl' is not supported"));
    EXPECT_THAT(refusal(hvm + "usbdev=['hostbus=1']"), HasSubstr("line 4: 'usbdev': the bus and the number"));
    EXPECT_THAT(refusal(hvm + "usbdev=['']"), HasSubstr("has no 'hostbus' and 'hostaddr'"));
}

TEST(XlCfgShares, AreReadAsXlDoes) {
    const auto definition = read(pv +
                                 "channel=['connection=pty,name=a.b','name=c,connection=socket,path=/s']\n"
                                 "p9=['tag=home,path=/srv,security_model=none,backend=0']");
    EXPECT_THAT(
        definition.consoles,
        ElementsAre(Console{.target = Console::Target::xen},
                    Console{.target = Console::Target::channel, .port = 1, .name = "a.b"},
                    Console{.target = Console::Target::channel, .port = 2, .name = "c", .socket = "/s"}));
    EXPECT_THAT(definition.shared_folders,
                ElementsAre(SharedFolder{"home", "/srv", SharedFolder::Access::squash}));
}

TEST(XlCfgShares, ThatCannotBeAreRefusedWithTheirLine) {
    EXPECT_THAT(refusal(pv + "channel=['name=a']"), HasSubstr("line 4: 'channel' needs a 'connection'"));
    EXPECT_THAT(refusal(pv + "channel=['connection=tcp,name=a']"),
                HasSubstr("'connection' cannot be 'tcp' here"));
    EXPECT_THAT(refusal(pv + "channel=['connection=socket,name=a']"),
                HasSubstr("has a 'path', and no other one"));
    EXPECT_THAT(refusal(pv + "channel=['connection=pty,name=a,backend=b']"),
                HasSubstr("'backend=b' in 'channel' is not supported"));
    EXPECT_THAT(refusal(pv + "p9=['tag=a,path=/b']"), HasSubstr("'p9' needs a 'security_model'"));
    EXPECT_THAT(refusal(pv + "p9=['tag=a,path=b,security_model=none']"),
                HasSubstr("must be the absolute path"));
}

TEST(XlCfgShares, SayInACommentWhatXlsFormatCannot) {
    auto definition = read(pv + "p9=['tag=home,path=/srv,security_model=none']");
    definition.shared_folders[0].path = "/a,b";
    EXPECT_THAT(format_xl_cfg(definition),
                HasSubstr("# not said here: shared folder 'home', whose words hold a comma\n"));
}

}  // namespace
}  // namespace virtlight::domain::xl_cfg_devices_test
