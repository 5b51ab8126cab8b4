// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/schema.hpp"

namespace virtlight::libvirt {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

hypervisor::HostFacts host() {
    return {.memory_kib = 4 << 20,
            .cpus = 4,
            .nodes = 2,
            .threads_per_core = 2,
            .cpu_model = {"GenuineIntel", 6, 60, 3, {"fpu", "sse4_1", "tsc-deadline"}},
            .topology = {{0, 0, 0, 0}, {1, 0, 0, 0}, {4, 1, 1, 0}, {5, 1, 1, 0}},
            .numa = {{0, 3 << 20, {10, 21}}, {1, 1 << 20, {21, 10}}},
            .device_model = "/usr/libexec/xen-qemu-system-i386",
            .has_pv = true,
            .has_hvm = true,
            .has_hap = true,
            .has_iommu = true};
}

TEST(Capabilities, PassLibvirtsSchema) {
    EXPECT_EQ(complaint("capability.rng", capabilities_xml(host())), "");
    EXPECT_EQ(complaint("capability.rng", capabilities_xml({})), "");
    auto plain = host();
    plain.has_hap = plain.has_iommu = false;
    plain.cpu_model.vendor = "CentaurHauls";
    plain.numa[0].distances.clear();
    EXPECT_EQ(complaint("capability.rng", capabilities_xml(plain)), "");
}

/// The schema of libvirt 9.0 forgets that there is this kind of guest; libvirt itself names it so.
TEST(Capabilities, NamePvhGuestsAsLibvirtDoesAndAreElseAsTheSchemaWants) {
    auto with_pvh = host();
    with_pvh.has_pvh = true;
    auto xml = capabilities_xml(with_pvh);
    EXPECT_THAT(xml, AllOf(HasSubstr("<os_type>xenpvh</os_type>"), HasSubstr("<machine>xenpvh</machine>")));
    xml.replace(xml.find(">xenpvh<"), std::string(">xenpvh<").size(), ">xen<");
    EXPECT_EQ(complaint("capability.rng", xml), "");
}

TEST(Capabilities, OfferOnlyTheGuestsThatTheHostRuns) {
    auto pv_only = host();
    pv_only.has_hvm = false;
    EXPECT_THAT(capabilities_xml(pv_only), AllOf(HasSubstr("xenpv"), Not(HasSubstr("hvm"))));
    EXPECT_THAT(capabilities_xml({}), Not(HasSubstr("<guest>")));
}

/// Clients that make definitions ask for what is on by default, and for nothing else.
TEST(Capabilities, RecommendAcpiAndAnApicToGuestsThatAreEmulated) {
    EXPECT_THAT(capabilities_xml(host()), AllOf(HasSubstr("<acpi default='on' toggle='yes'/>"),
                                                HasSubstr("<apic default='on' toggle='yes'/>")));
    auto pv_only = host();
    pv_only.has_hvm = false;
    EXPECT_THAT(capabilities_xml(pv_only), AllOf(Not(HasSubstr("<acpi")), Not(HasSubstr("<apic"))));
}

TEST(Capabilities, NameTheDeviceModelWhereItIsKnown) {
    EXPECT_THAT(capabilities_xml(host()),
                HasSubstr("<emulator>/usr/libexec/xen-qemu-system-i386</emulator>"));
    auto elsewhere = host();
    elsewhere.device_model.clear();
    const auto xml = capabilities_xml(elsewhere);
    EXPECT_THAT(xml, Not(HasSubstr("<emulator>")));
    EXPECT_EQ(complaint("capability.rng", xml), "");
    EXPECT_EQ(complaint("domaincaps.rng", *domain_capabilities_xml(elsewhere, {})), "");
}

TEST(Capabilities, TellOfMemoryAndCpusWhereTheyAre) {
    const auto xml = capabilities_xml(host());
    EXPECT_THAT(xml, AllOf(HasSubstr("<cells num='2'>"), HasSubstr("<memory unit='KiB'>3145728</memory>"),
                           HasSubstr("<pages unit='KiB' size='4'>786432</pages>"),
                           HasSubstr("<sibling id='1' value='21'/>"), HasSubstr("<cpus num='2'>")));
    EXPECT_THAT(xml, HasSubstr("<cpu id='5' socket_id='1' die_id='0' core_id='0' siblings='4-5'/>"));
}

TEST(Capabilities, DescribeTheProcessorByWhatItCan) {
    EXPECT_THAT(
        capabilities_xml(host()),
        AllOf(HasSubstr("<vendor>Intel</vendor>"), HasSubstr("<feature name='tsc-deadline'/>"),
              HasSubstr("<signature family='6' model='60' stepping='3'/>"), Not(HasSubstr("<model>"))));
}

TEST(DomainCapabilities, PassLibvirtsSchema) {
    auto all = host();
    all.has_pvh = true;
    for (const auto& machine : {std::optional<std::string>(), std::optional<std::string>("xenfv"),
                                std::optional<std::string>("xenpvh")}) {
        const auto xml = domain_capabilities_xml(all, {.machine = machine});
        ASSERT_TRUE(xml);
        EXPECT_EQ(complaint("domaincaps.rng", *xml), "");
    }
}

TEST(DomainCapabilities, AreThoseOfTheMachineThatIsAskedFor) {
    EXPECT_THAT(*domain_capabilities_xml(host(), {}), HasSubstr("<machine>xenpv</machine>"));
    EXPECT_THAT(*domain_capabilities_xml(host(), {.machine = "xenfv"}),
                HasSubstr("<machine>xenfv</machine>"));
    EXPECT_THAT(*domain_capabilities_xml(host(), {.emulator = "/bin/qemu"}),
                HasSubstr("<path>/bin/qemu</path>"));
}

TEST(DomainCapabilities, NameWhatOnlyAnEmulatedMachineHas) {
    const auto pv = *domain_capabilities_xml(host(), {});
    const auto hvm = *domain_capabilities_xml(host(), {.machine = "xenfv"});
    EXPECT_THAT(pv, AllOf(HasSubstr("<loader supported='no'/>"), HasSubstr("<value>vnc</value>"),
                          Not(HasSubstr("spice")), Not(HasSubstr("cirrus"))));
    EXPECT_THAT(hvm, AllOf(HasSubstr("<value>pflash</value>"), HasSubstr("<value>spice</value>"),
                           HasSubstr("<value>cirrus</value>"), HasSubstr("<value>cdrom</value>")));
}

TEST(DomainCapabilities, NameTheDevicesOfTheHostThatAGuestOfTheKindCanHave) {
    auto plain = host();
    plain.has_pvh = true;
    plain.has_iommu = false;
    const auto pci = HasSubstr("<value>pci</value>");
    EXPECT_THAT(*domain_capabilities_xml(host(), {.machine = "xenfv"}), pci);
    EXPECT_THAT(*domain_capabilities_xml(plain, {.machine = "xenfv"}), Not(pci));
    EXPECT_THAT(*domain_capabilities_xml(plain, {.machine = "xenpv"}), pci);
    EXPECT_THAT(*domain_capabilities_xml(plain, {.machine = "xenpvh"}), Not(pci));
}

TEST(DomainCapabilities, OfferTheHostsProcessorAsItIsAndNoOther) {
    const auto xml = *domain_capabilities_xml(host(), {});
    EXPECT_THAT(xml, HasSubstr("<mode name='host-passthrough' supported='yes'/>"));
    EXPECT_THAT(xml, HasSubstr("<mode name='custom' supported='no'/>"));
}

TEST(DomainCapabilities, AreRefusedForWhatTheHostDoesNotRun) {
    EXPECT_EQ(domain_capabilities_xml(host(), {.machine = "xenpvh"}).error().reason,
              Reason::invalid_argument);
    EXPECT_EQ(domain_capabilities_xml(host(), {.machine = "pc"}).error().message,
              "this host has no guests of machine 'pc'");
    EXPECT_EQ(domain_capabilities_xml(host(), {.arch = "riscv64"}).error().reason, Reason::invalid_argument);
    EXPECT_EQ(domain_capabilities_xml(host(), {.virt_type = "kvm"}).error().message, "unknown virttype: kvm");
}

}  // namespace
}  // namespace virtlight::libvirt
