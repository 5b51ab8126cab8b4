// SPDX-License-Identifier: LGPL-2.1-or-later
// Domain XML as users really have it, against what is made of it.
#include <algorithm>

#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::xml_golden_test {
namespace {

class GoldenXml : public testing::TestWithParam<std::string> {};

TEST_P(GoldenXml, IsReadAndWrittenInOneForm) {
    const auto read = parse_xml(read_data(GetParam() + ".xml"));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(format_xml(*read), read_data(GetParam() + ".expected.xml"));
}

TEST_P(GoldenXml, InThatFormStaysAsItIs) {
    const auto expected = read_data(GetParam() + ".expected.xml");
    const auto read = parse_xml(expected);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(format_xml(*read), expected);
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenXml,
                         testing::Values("pv-virt-install", "pvh-running", "hvm-serial", "hvm-disks",
                                         "pv-pygrub", "pv-network", "pv-libvirtd", "hvm-desktop",
                                         "hvm-host-devices"),
                         [](const auto& test) {
                             auto name = test.param;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

TEST(DomainXml, IsReadIntoEachFieldOfTheDefinition) {
    const auto read = parse_xml(read_data("hvm-serial.xml"));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, (Definition{.name = "old b\xc3\xbcro",
                                 .uuid = *Uuid::parse("11111111-2222-3333-4444-555555555555"),
                                 .type = GuestType::hvm,
                                 .memory_max_kib = 500736,
                                 .memory_kib = 500736,
                                 .boot = {.kernel = "/srv/guests/vmlinuz", .order = {BootDevice::disk}},
                                 .features = {.acpi = true, .apic = true, .pae = true, .hap = false},
                                 .clock = ClockOffset::localtime,
                                 .on_poweroff = LifecycleAction::preserve,
                                 .on_reboot = LifecycleAction::rename_restart,
                                 .on_crash = LifecycleAction::restart,
                                 .emulator = "/usr/lib/xen-4.17/bin/qemu-system-i386",
                                 .consoles = {{Console::Target::serial, 0},
                                              {Console::Target::serial, 1},
                                              {.target = Console::Target::serial,
                                               .port = 2,
                                               .source = {.kind = SerialSource::Kind::file,
                                                          .path = "/var/log/guests/old b\xc3\xbcro"}},
                                              {.target = Console::Target::serial,
                                               .port = 3,
                                               .source = {.kind = SerialSource::Kind::tcp,
                                                          .listens = true,
                                                          .telnet = true,
                                                          .host = "127.0.0.1",
                                                          .service = "4555"}}}}));
}

TEST(DomainXml, OfARunningDomainHasItsIdAndItsTtys) {
    const auto read = parse_xml(read_data("hvm-serial.expected.xml"));
    ASSERT_TRUE(read) << read.error().message;
    auto definition = *read;
    definition.consoles.insert(definition.consoles.begin(), {Console::Target::xen, 0, "/dev/pts/9"});
    definition.consoles[1].tty = "/dev/pts/7";
    const auto xml = format_xml(definition, 4U);
    EXPECT_TRUE(xml.starts_with("<domain type='xen' id='4'>\n"));
    EXPECT_TRUE(
        xml.contains("    <serial type='pty'>\n"
                     "      <source path='/dev/pts/7'/>\n"
                     "      <target port='0'/>\n"
                     "    </serial>\n"
                     "    <serial type='pty'>\n"
                     "      <target port='1'/>\n"
                     "    </serial>\n"
                     "    <serial type='file'>\n"
                     "      <source path='/var/log/guests/old b\xc3\xbcro'/>\n"
                     "      <target port='2'/>\n"
                     "    </serial>\n"
                     "    <serial type='tcp'>\n"
                     "      <source mode='bind' host='127.0.0.1' service='4555'/>\n"
                     "      <protocol type='telnet'/>\n"
                     "      <target port='3'/>\n"
                     "    </serial>\n"
                     "    <console type='pty' tty='/dev/pts/7'>\n"
                     "      <source path='/dev/pts/7'/>\n"
                     "      <target type='serial' port='0'/>\n"
                     "    </console>\n"
                     "    <console type='pty' tty='/dev/pts/9'>\n"
                     "      <source path='/dev/pts/9'/>\n"
                     "      <target type='xen' port='0'/>\n"
                     "    </console>\n"))
        << xml;
    EXPECT_FALSE(format_xml(definition).contains("/dev/pts")) << "a stored definition has no ttys";
}

}  // namespace
}  // namespace virtlight::domain::xml_golden_test
