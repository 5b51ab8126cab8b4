// SPDX-License-Identifier: LGPL-2.1-or-later
// What is filled in where domain XML is silent, and what is made of a value.
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::xml_defaults_test {
namespace {

TEST(DomainXml, NeedsLittleAndFillsInTheRest) {
    const auto definition = parse_xml(
        "<domain type='xen'><name>one</name><uuid>11111111222233334444555555555555</uuid>"
        "<memory>524288</memory><os><type>xen</type><kernel>/k</kernel></os></domain>");
    ASSERT_TRUE(definition) << definition.error().message;
    EXPECT_EQ(*definition, (Definition{.name = "one",
                                       .uuid = *Uuid::parse("11111111-2222-3333-4444-555555555555"),
                                       .type = GuestType::pv,
                                       .memory_max_kib = 524288,
                                       .memory_kib = 524288,
                                       .vcpus_max = 1,
                                       .vcpus = 1,
                                       .boot = {.kernel = "/k"},
                                       .on_poweroff = LifecycleAction::destroy,
                                       .on_reboot = LifecycleAction::restart,
                                       .on_crash = LifecycleAction::destroy,
                                       .consoles = {{Console::Target::xen, 0}}}));
}

TEST(DomainXml, GivesAFreshUuidEachTimeThereIsNone) {
    const auto first = definition_of({});
    const auto second = definition_of({});
    EXPECT_FALSE(first.uuid.is_nil());
    EXPECT_NE(first.uuid, second.uuid);
}

TEST(DomainXml, KnowsTheTypesOfGuests) {
    const auto type_of = [](std::string_view type) {
        return definition_of({.os = "<os><type " + std::string(type) + "</type><kernel>/k</kernel></os>"})
            .type;
    };
    EXPECT_EQ(type_of(">linux"), GuestType::pv);
    EXPECT_EQ(type_of(">xen"), GuestType::pv);
    EXPECT_EQ(type_of("arch='x86_64' machine='xenpv'>linux"), GuestType::pv);
    EXPECT_EQ(type_of("arch='x86_64' machine='xenpv'>xen"), GuestType::pv);
    EXPECT_EQ(type_of(">xenpvh"), GuestType::pvh);
    EXPECT_EQ(type_of("machine='xenpvh'>xenpvh"), GuestType::pvh);
    EXPECT_EQ(type_of(">hvm"), GuestType::hvm);
    EXPECT_EQ(type_of("arch='x86_64' machine='xenfv'>\n hvm "), GuestType::hvm);
}

TEST(DomainXml, ScalesMemoryAsLibvirtDoes) {
    const auto kib_of = [](std::string_view unit, std::string_view number) {
        return definition_of(
                   {.memory = "<memory" + std::string(unit) + ">" + std::string(number) + "</memory>"})
            .memory_max_kib;
    };
    constexpr std::uint64_t kib = 1024;
    EXPECT_EQ(kib_of("", "2048"), 2 * kib) << "KiB where nothing is said";
    EXPECT_EQ(kib_of(" unit=''", "2048"), 2 * kib);
    EXPECT_EQ(kib_of(" unit='KiB'", " 2048\n"), 2 * kib);
    for (const auto* unit : {" unit='b'", " unit='B'", " unit='byte'", " unit='Bytes'"}) {
        EXPECT_EQ(kib_of(unit, "2097152"), 2 * kib) << unit;
    }
    for (const auto* unit : {" unit='m'", " unit='M'", " unit='MiB'", " unit='mib'"}) {
        EXPECT_EQ(kib_of(unit, "3"), 3 * kib) << unit;
    }
    EXPECT_EQ(kib_of(" unit='K'", "2048"), 2 * kib);
    EXPECT_EQ(kib_of(" unit='G'", "1"), kib * kib);
    EXPECT_EQ(kib_of(" unit='T'", "1"), kib * kib * kib);
    EXPECT_EQ(kib_of(" unit='PiB'", "1"), kib * kib * kib * kib);
    EXPECT_EQ(kib_of(" unit='E'", "1"), kib * kib * kib * kib * kib);
    EXPECT_EQ(kib_of(" unit='MB'", "1048576"), 1000000 * kib) << "B counts in thousands";
    EXPECT_EQ(kib_of(" unit='KB'", "1048576"), 1000 * kib);
    EXPECT_EQ(kib_of(" unit='gb'", "1048576"), 1000000000 * kib);
}

TEST(DomainXml, RoundsMemoryUpToWholeMib) {
    const auto kib_of = [](std::string_view bytes) {
        return definition_of({.memory = "<memory unit='b'>" + std::string(bytes) + "</memory>"})
            .memory_max_kib;
    };
    EXPECT_EQ(kib_of("1"), 1024U);
    EXPECT_EQ(kib_of("1048576"), 1024U);
    EXPECT_EQ(kib_of("1048577"), 2048U);
    EXPECT_EQ(kib_of("18446744073708503040"), 18014398509480960U) << "the most that is whole MiB in 64 bits";
}

TEST(DomainXml, GivesAllMemoryWhereNotLessIsAskedFor) {
    const auto current = [](std::string_view element) {
        return definition_of({.memory = "<memory unit='MiB'>8</memory>" + std::string(element)}).memory_kib;
    };
    EXPECT_EQ(current(""), 8192U);
    EXPECT_EQ(current("<currentMemory>0</currentMemory>"), 8192U);
    EXPECT_EQ(current("<currentMemory unit='MiB'>9</currentMemory>"), 8192U);
    EXPECT_EQ(current("<currentMemory unit='MiB'>8</currentMemory>"), 8192U);
    EXPECT_EQ(current("<currentMemory unit='b'>6291457</currentMemory>"), 7168U);
}

TEST(DomainXml, BringsAllVcpusOnlineWhereNotFewerAreAskedFor) {
    const auto all = definition_of({.more = "<vcpu placement='static'> 512 </vcpu>"});
    EXPECT_EQ(all.vcpus_max, 512U);
    EXPECT_EQ(all.vcpus, 512U);
    const auto some = definition_of({.more = "<vcpu current='2'>4</vcpu>"});
    EXPECT_EQ(some.vcpus_max, 4U);
    EXPECT_EQ(some.vcpus, 2U);
}

TEST(DomainXml, HasNoFeatureThatIsNotNamedButPaeForHvm) {
    EXPECT_EQ(definition_of({}).features, Features{});
    EXPECT_EQ(definition_of({.os = hvm_os}).features, Features{.pae = true});
    EXPECT_EQ(definition_of({.more = "<features><acpi/><pae/><hap/></features>"}).features,
              (Features{.acpi = true, .pae = true, .hap = true}));
    EXPECT_EQ(definition_of({.more = "<features><apic/><hap state='off'/></features>"}).features,
              (Features{.apic = true, .hap = false}));
}

TEST(DomainXml, GivesPvAndPvhTheXenConsole) {
    const std::vector<Console> xen{{Console::Target::xen, 0}};
    for (const auto* type : {"linux", "xenpvh"}) {
        for (const auto* devices : {"", "<console/>", "<console type='pty'/>", "<console tty='/dev/pts/1'/>",
                                    "<console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/>"
                                    "<target type='xen' port='0'/><alias name='console0'/></console>"}) {
            EXPECT_EQ(
                definition_of({.os = "<os><type>" + std::string(type) + "</type><kernel>/k</kernel></os>",
                               .devices = devices})
                    .consoles,
                xen)
                << type << devices;
        }
    }
}

TEST(DomainXml, TakesTheFirstSerialPortOfHvmAndItsConsoleForOneDevice) {
    const auto consoles_of = [](std::string_view devices) {
        return definition_of({.os = hvm_os, .devices = std::string(devices)}).consoles;
    };
    using enum Console::Target;
    const std::vector<Console> one{{serial, 0}};
    EXPECT_EQ(consoles_of(""), std::vector<Console>{});
    EXPECT_EQ(consoles_of("<serial type='pty'/>"), one);
    EXPECT_EQ(consoles_of("<console type='pty'/>"), one);
    EXPECT_EQ(consoles_of("<console type='pty'><target type='serial' port='0'/></console>"), one);
    EXPECT_EQ(consoles_of("<serial type='pty'><target port='0'/></serial>"
                          "<console type='pty'><target type='serial' port='0'/></console>"),
              one);
    EXPECT_EQ(consoles_of("<console><target type='xen'/></console><console/><serial/><serial/>"),
              (std::vector<Console>{{xen, 0}, {serial, 0}, {serial, 1}}));
    EXPECT_EQ(consoles_of("<console><target type='xen'/></console>"), (std::vector<Console>{{xen, 0}}));
}

TEST(DomainXml, AcceptsWhatLibvirtWritesIntoEveryGuest) {
    EXPECT_EQ(
        verdict(Sample{.more = "<clock offset='utc' adjustment='reset'/>",
                       .devices = "<controller type='xenbus' index='0'><alias name='xenbus0'/></controller>"
                                  "<memballoon model='xen'><alias name='balloon0'/></memballoon>"}
                    .xml()),
        "ok");
    EXPECT_EQ(verdict(Sample{.os = "<os><type>hvm</type><kernel>/k</kernel><boot dev='hd'/></os>"}.xml()),
              "ok");
    EXPECT_EQ(verdict(Sample{.os = "<os><type>hvm</type><boot dev='hd'/><bootmenu enable='no'/></os>"}.xml()),
              "ok");
}

TEST(DomainXml, TakesVirtInstallsWordThatAPvOrPvhGuestBootsFromItsDisk) {
    const auto installed = definition_of({.os = "<os><type machine='xenpv'>xen</type><boot dev='hd'/></os>"});
    EXPECT_EQ(installed.boot, Boot{.bootloader = "pygrub"});
    const auto pvh = definition_of(
        {.os = "<os><type>xenpvh</type><boot dev='hd'/></os>", .more = "<bootloader>pygrub</bootloader>"});
    EXPECT_EQ(pvh.boot, Boot{.bootloader = "pygrub"});
    const auto given = definition_of({.os = "<os><type>xen</type><kernel>/k</kernel><boot dev='hd'/></os>"});
    EXPECT_EQ(given.boot, Boot{.kernel = "/k"});
}

TEST(DomainXml, KeepsMetadataAsItIs) {
    const std::string metadata =
        "<metadata><!-- c -->\n<a:x xmlns:a=\"urn:a\" b=\"1\">t<![CDATA[<]]><y/></a:x><z "
        "xmlns=\"urn:z\"/></metadata>";
    EXPECT_EQ(definition_of({.more = metadata}).metadata, metadata);
    EXPECT_EQ(definition_of({.more = "<metadata/>"}).metadata, "");
    EXPECT_EQ(definition_of({.more = "<metadata>\n</metadata>"}).metadata, "");
}

}  // namespace
}  // namespace virtlight::domain::xml_defaults_test
