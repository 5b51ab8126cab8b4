// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/alias.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/device.hpp"
#include "domain/device_edit.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::alias_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::string alias(std::string_view name) {
    return fmt::format("<alias name='{}'/>", name);
}

std::string disk(std::string_view target, std::string_view name) {
    return fmt::format("<disk><source file='/{0}'/><target dev='{0}'/>{1}</disk>", target, alias(name));
}

std::string nic(unsigned number, std::string_view name) {
    return fmt::format(
        "<interface type='bridge'><mac address='00:16:3e:00:00:0{}'/><source bridge='b'/>{}</interface>",
        number, alias(name));
}

Definition read(const std::string& devices, const std::string& os = hvm_os) {
    return definition_of(Sample{.os = os, .devices = devices});
}

std::string refusal(const std::string& devices) {
    return verdict(Sample{.os = hvm_os, .devices = devices}.xml());
}

std::string refused(const auto& result) {
    return result ? "none" : result.error().message;
}

TEST(Alias, OfAUserIsKeptAndShownWhetherTheGuestRunsOrNot) {
    const auto guest = read(disk("xvda", "ua-root") + disk("xvdb", "xen-disk7"));
    EXPECT_EQ(guest.disks[0].alias, "ua-root");
    EXPECT_EQ(guest.disks[1].alias, "") << "that was one of a life";
    EXPECT_THAT(format_xml(guest), HasSubstr("<alias name='ua-root'/>"));
    EXPECT_THAT(format_xml(guest), Not(HasSubstr("xen-disk")));
    const auto running = format_xml(guest, 3U);
    EXPECT_THAT(running, HasSubstr("<alias name='ua-root'/>"));
    EXPECT_THAT(running, HasSubstr("<alias name='xen-disk1'/>"));
    EXPECT_THAT(running, Not(HasSubstr("xen-disk0")));
}

TEST(Alias, IsForDevicesOfEachKind) {
    const auto guest = read(
        "<controller type='xenbus'><alias name='ua-bus'/></controller>"
        "<controller type='ide'><alias name='ua-ide'/></controller>"
        "<controller type='usb' model='qusb2'><alias name='ua-usb'/></controller>"
        "<filesystem><source dir='/srv'/><target dir='s'/><alias name='ua-folder'/></filesystem>"
        "<serial type='pty'><alias name='ua-first'/></serial>"
        "<serial type='pty'><alias name='ua-second'/></serial>"
        "<console type='pty'><target type='xen'/><alias name='ua-xen'/></console>"
        "<console type='pty'><target type='serial'/><alias name='ua-first'/></console>"
        "<channel type='pty'><target type='xen' name='c'/><alias name='ua-channel'/></channel>"
        "<graphics type='vnc'/>"
        "<input type='tablet'><alias name='ua-tablet'/></input>"
        "<input type='mouse'><alias name='ua-mouse'/></input>"
        "<sound model='ac97'><alias name='ua-sound'/></sound>"
        "<video><model type='vga'/><alias name='ua-video'/></video>"
        "<hostdev mode='subsystem' type='pci'><source><address bus='7' slot='1'/></source>"
        "<alias name='ua-card'/></hostdev>"
        "<hostdev mode='subsystem' type='usb'><source><address bus='1' device='4'/></source>"
        "<alias name='ua-stick'/></hostdev>"
        "<memballoon model='xen'><alias name='ua-balloon'/></memballoon>");
    EXPECT_THAT(guest.aliases, ElementsAre(Pair("balloon0", "ua-balloon"), Pair("channel1", "ua-channel"),
                                           Pair("console0", "ua-xen"), Pair("fs0", "ua-folder"),
                                           Pair("ide0", "ua-ide"), Pair("input0", "ua-tablet"),
                                           Pair("mouse", "ua-mouse"), Pair("serial0", "ua-first"),
                                           Pair("serial1", "ua-second"), Pair("sound0", "ua-sound"),
                                           Pair("video0", "ua-video"), Pair("xenbus0", "ua-bus")));
    EXPECT_EQ(guest.usb.controllers[0].alias, "ua-usb");
    EXPECT_EQ(guest.usb.devices[0].alias, "ua-stick");
    EXPECT_EQ(guest.pci_devices[0].alias, "ua-card");
    EXPECT_EQ(parse_xml(format_xml(guest)), guest);
    EXPECT_EQ(without_aliases(guest), without_aliases(*parse_xml(format_xml(without_aliases(guest)))));
}

TEST(Alias, KeepsTheNumberOfANetworkInterface) {
    auto guest = read(nic(1, "ua-a") + nic(2, "ua-b") + nic(3, "net2"), "<os><type>linux</type></os>");
    ASSERT_TRUE(remove_device(guest, Device(guest.nics[0])));
    const auto xml = format_xml(guest);
    EXPECT_THAT(xml, HasSubstr("<nic mac='00:16:3e:00:00:02' devid='1'/>"));
    EXPECT_THAT(xml, HasSubstr("<alias name='net2'/>"));
    EXPECT_EQ(parse_xml(xml), guest);
    EXPECT_EQ(parse_xml(format_xml(guest, 4U)), guest);
    EXPECT_THAT(format_xml(read(nic(1, "ua-a"))), Not(HasSubstr("<nic"))) << "its place says it";
}

TEST(Alias, ThatCannotBeIsRefused) {
    EXPECT_THAT(refusal(disk("xvda", "ua-a b")), HasSubstr("line 6: <alias>: a user's alias must be 'ua-'"));
    EXPECT_THAT(refusal(disk("xvda", "ua-")), HasSubstr("not 'ua-'"));
    const auto longest = "ua-" + std::string(limits::alias_bytes - 3, 'x');
    EXPECT_EQ(refusal(disk("xvda", longest)), "ok");
    EXPECT_THAT(refusal(disk("xvda", longest + "x")), HasSubstr("up to 128 of all"));
}

TEST(Alias, IsOnceInADomain) {
    EXPECT_EQ(refusal(disk("xvda", "ua-x") + "\n" + nic(1, "ua-x")),
              "invalid XML: line 7: <alias> 'ua-x' of <interface> is that of the <disk> in line 6 already");
    EXPECT_THAT(refusal("<serial><alias name='ua-x'/></serial><console><alias name='ua-y'/></console>"),
                HasSubstr("has its alias 'ua-x', and cannot have 'ua-y'"));
    EXPECT_THAT(
        refusal("<serial/><serial><alias name='ua-x'/></serial><console><alias name='ua-x'/></console>"),
        HasSubstr("of <console> is that of the <serial>"));
    EXPECT_THAT(refusal("<serial><alias name='ua-x'/></serial>"
                        "<console><target type='xen'/><alias name='ua-x'/></console>"),
                HasSubstr("of <console> is that of the <serial>"));
}

TEST(Alias, OfADeviceThatComesIsToBeFree) {
    auto guest = read(disk("xvda", "ua-x") + "<sound model='ac97'><alias name='ua-s'/></sound>");
    EXPECT_EQ(refused(add_device(guest, *parse_device(nic(1, "ua-x")))),
              "alias 'ua-x' is that of disk xvda already");
    EXPECT_EQ(refused(add_device(guest, *parse_device(nic(1, "ua-s")))),
              "alias 'ua-s' is that of device 'sound0' already");
    EXPECT_EQ(refused(add_device(guest, *parse_device(nic(1, "ua-n")))), "none");
    EXPECT_EQ(alias_of(*find_device(guest, "ua-n")), "ua-n");
    EXPECT_EQ(refused(find_device(guest, "net0")), "the domain has no device with alias 'net0'");
    EXPECT_EQ(refused(replace_device(guest, *parse_device(nic(1, "ua-x")))),
              "alias 'ua-x' is that of disk xvda already");
    EXPECT_EQ(refused(replace_device(guest, *parse_device(nic(1, "net0")))), "none");
    EXPECT_EQ(guest.nics[0].alias, "ua-n") << "it stays where another one says nothing of it";
    EXPECT_THAT(refused(check_live_change(guest, *parse_device(nic(1, "ua-m")))),
                HasSubstr("the alias of network interface 00:16:3e:00:00:01 cannot be changed"));
    EXPECT_EQ(refused(check_live_change(guest, *parse_device(nic(1, "net0")))), "none");
}

TEST(Alias, SaysWhichDeviceOfADefinitionGoes) {
    const std::string sound = "<sound model='ac97'><alias name='ua-s'/></sound>";
    const std::string port = "<serial type='pty'><alias name='ua-p'/></serial>";
    const auto guest = read(sound + port + "<memballoon model='xen'><alias name='ua-b'/></memballoon>");
    EXPECT_TRUE(has_alias_of_definition_only(guest, "ua-s"));
    EXPECT_FALSE(has_alias_of_definition_only(guest, "ua-t"));
    EXPECT_FALSE(remove_by_alias(guest, "ua-s")->sound);
    EXPECT_THAT(remove_by_alias(guest, "ua-p")->consoles, ElementsAre());
    EXPECT_THAT(refused(remove_by_alias(guest, "ua-b")), HasSubstr("one that such a guest has anyway"));
    EXPECT_THAT(refused(remove_by_alias(guest, "ua-t")), HasSubstr("no device with alias 'ua-t'"));
    const auto changed =
        edit_device(read("<sound model='ac97'><alias name='ua-v'/></sound>"),
                    "<sound model='sb16'><alias name='sound0'/></sound>", DeviceEdit::change);
    EXPECT_THAT(changed->aliases, ElementsAre(Pair("sound0", "ua-v")));
}

}  // namespace
}  // namespace virtlight::domain::alias_test
