// SPDX-License-Identifier: LGPL-2.1-or-later
// Arguments for the device model, in libvirt's namespace for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::xml_commandline_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view uri = "http://libvirt.org/schemas/domain/xen/1.0";

std::string commandline(std::string_view inside, std::string_view prefix = "xen") {
    return fmt::format("<{0}:commandline xmlns:{0}='{1}'>{2}</{0}:commandline>", prefix, uri, inside);
}

std::string refusal(const std::string& more) {
    return verdict(Sample{.more = more}.xml());
}

TEST(DomainXmlCommandline, IsOfItsNamespaceWhateverItsPrefix) {
    for (const auto* const prefix : {"xen", "x"}) {
        const auto inside = fmt::format("<{0}:arg value='-device'/><{0}:arg value=\"it's, &amp;\"/>", prefix);
        EXPECT_THAT(definition_of(Sample{.more = commandline(inside, prefix)}).emulator_args,
                    ElementsAre("-device", "it's, &"));
    }
}

TEST(DomainXmlCommandline, IsWrittenAsLibvirtDoes) {
    auto guest = definition_of(Sample{});
    EXPECT_THAT(format_xml(guest), Not(HasSubstr("xmlns")));
    guest.emulator_args = {"-s", "-S"};
    const auto xml = format_xml(guest, 7U);
    EXPECT_THAT(xml, HasSubstr(fmt::format("<domain type='xen' id='7' xmlns:xen='{}'>\n", uri)));
    EXPECT_THAT(xml, HasSubstr("  </devices>\n  <xen:commandline>\n    <xen:arg value='-s'/>\n"
                               "    <xen:arg value='-S'/>\n  </xen:commandline>\n</domain>"));
    EXPECT_EQ(parse_xml(xml), guest);
}

TEST(DomainXmlCommandline, ThatCannotBeIsRefused) {
    EXPECT_THAT(
        refusal("<xen:commandline xmlns:xen='urn:other'/>"),
        HasSubstr("line 5: element <xen:commandline> is not supported in <domain>; allowed here: name"));
    EXPECT_THAT(refusal("<commandline/>"), HasSubstr("element <commandline> is not supported"));
    EXPECT_THAT(refusal(commandline("") + commandline("")), HasSubstr("<domain> has one <xen:commandline>"));
    EXPECT_THAT(refusal(commandline("<xen:arg/>")), HasSubstr("<xen:arg> has no attribute 'value'"));
    EXPECT_THAT(refusal(commandline("<xen:env name='a'/>")), HasSubstr("element <xen:env> is not supported"));
    EXPECT_THAT(refusal(commandline("<arg value='a'/>")), HasSubstr("element <arg> is not supported"));
    EXPECT_THAT(refusal(commandline("text")), HasSubstr("cannot hold the text 'text'"));
}

}  // namespace
}  // namespace virtlight::domain::xml_commandline_test
