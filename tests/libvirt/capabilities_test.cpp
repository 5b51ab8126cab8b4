// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/capabilities.hpp"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libxml/relaxng.h>

#include "domain/xml_document.hpp"

namespace virtlight::libvirt {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// What one of libvirt's schemas says against a document; empty: nothing.
std::string complaint(const std::string& schema_name, const std::string& xml) {
    const auto path = "/usr/share/libvirt/schemas/" + schema_name;
    const std::unique_ptr<xmlRelaxNGParserCtxt, decltype(&xmlRelaxNGFreeParserCtxt)> parser(
        xmlRelaxNGNewParserCtxt(path.c_str()), xmlRelaxNGFreeParserCtxt);
    const std::unique_ptr<xmlRelaxNG, decltype(&xmlRelaxNGFree)> schema(xmlRelaxNGParse(parser.get()),
                                                                        xmlRelaxNGFree);
    if (!schema) return path + " cannot be read";
    const auto document = domain::load_document(xml);
    if (!document) return document.error().message;
    const std::unique_ptr<xmlRelaxNGValidCtxt, decltype(&xmlRelaxNGFreeValidCtxt)> validator(
        xmlRelaxNGNewValidCtxt(schema.get()), xmlRelaxNGFreeValidCtxt);
    std::string all;
    xmlRelaxNGSetValidStructuredErrors(
        validator.get(), [](void* out, auto* error) { *static_cast<std::string*>(out) += error->message; },
        &all);
    if (xmlRelaxNGValidateDoc(validator.get(), document->get()) == 0) return {};
    return all.empty() ? "invalid" : all;
}

hypervisor::HostFacts host() {
    return {.memory_kib = 4 << 20,
            .cpus = 4,
            .cores_per_socket = 2,
            .threads_per_core = 2,
            .has_pv = true,
            .has_hvm = true};
}

TEST(Capabilities, PassLibvirtsSchema) {
    EXPECT_EQ(complaint("capability.rng", capabilities_xml(host())), "");
    auto large = host();
    large.nodes = 2;
    EXPECT_EQ(complaint("capability.rng", capabilities_xml(large)), "");
    EXPECT_EQ(complaint("capability.rng", capabilities_xml({})), "");
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

TEST(Capabilities, TellOfMemoryAndCpusWhereTheyAre) {
    EXPECT_THAT(capabilities_xml(host()), AllOf(HasSubstr("<memory unit='KiB'>4194304</memory>"),
                                                HasSubstr("<cpus num='4'>"), HasSubstr("<cpu id='3'/>")));
}

TEST(DomainCapabilities, PassLibvirtsSchema) {
    for (const auto& machine : {std::optional<std::string>(), std::optional<std::string>("xenfv")}) {
        const auto xml = domain_capabilities_xml(host(), {.machine = machine});
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
