// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_seclabel_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view label = "system_u:system_r:domU_t:s0";

std::string seclabel(std::string_view words) {
    return fmt::format("<seclabel type='static' model='flask'><label>{}</label></seclabel>", words);
}

std::string refusal(const std::string& more) {
    return verdict(Sample{.more = more}.xml());
}

TEST(DomainXmlSeclabel, IsXsmsLabel) {
    const auto guest = definition_of(Sample{.more = seclabel(label)});
    EXPECT_EQ(guest.label, label);
    EXPECT_THAT(format_xml(guest), HasSubstr("  <seclabel type='static' model='flask' relabel='no'>\n    "
                                             "<label>system_u:system_r:domU_t:s0</label>\n  </seclabel>\n"));
    EXPECT_EQ(parse_xml(format_xml(guest)), guest);
}

TEST(DomainXmlSeclabel, MayBeNone) {
    for (const auto* const none : {"<seclabel type='none'/>", "<seclabel type='none' model='none'/>",
                                   "<seclabel type='none' model='dac' relabel='no'/>"}) {
        const auto guest = definition_of(Sample{.more = none});
        EXPECT_EQ(guest.label, "");
        EXPECT_THAT(format_xml(guest), Not(HasSubstr("seclabel")));
    }
    EXPECT_EQ(definition_of(Sample{.more = "<seclabel type='none'/>" + seclabel(label)}).label, label);
}

TEST(DomainXmlSeclabel, ThatCannotBeIsRefused) {
    EXPECT_THAT(refusal("<seclabel/>"),
                HasSubstr("no <seclabel> is made up here; allowed are the types static, none"));
    EXPECT_THAT(refusal("<seclabel type='dynamic' model='flask'/>"), HasSubstr("is made up here"));
    EXPECT_THAT(refusal("<seclabel type='other'/>"), HasSubstr("'other'; allowed here: static, none"));
    EXPECT_THAT(refusal("<seclabel type='static' model='selinux'><label>a</label></seclabel>"),
                HasSubstr("'selinux'; allowed here: flask"));
    EXPECT_THAT(refusal("<seclabel type='static' relabel='yes'/>"), HasSubstr("'yes'; allowed here: no"));
    EXPECT_THAT(refusal("<seclabel type='static'/>"), HasSubstr("<seclabel> has no <label>"));
    EXPECT_THAT(refusal(seclabel("")), HasSubstr("<label>: a label must be up to 4096 letters"));
    EXPECT_THAT(refusal(seclabel("a b")), HasSubstr("not 'a b'"));
    EXPECT_EQ(refusal(seclabel(std::string(limits::label_bytes, 'x'))), "ok");
    EXPECT_THAT(refusal(seclabel(std::string(limits::label_bytes + 1, 'x'))), HasSubstr("up to 4096"));
    EXPECT_THAT(refusal(seclabel(label) + seclabel(label)), HasSubstr("a guest has one <seclabel>"));
    EXPECT_THAT(refusal("<seclabel type='static'><label>a</label><baselabel>b</baselabel></seclabel>"),
                HasSubstr("element <baselabel> is not supported"));
}

}  // namespace
}  // namespace virtlight::domain::xml_seclabel_test
