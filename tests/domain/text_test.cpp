// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/text.hpp"

#include <gtest/gtest.h>

namespace virtlight::domain::text_test {
namespace {

TEST(Text, KnowsWhatXmlCanCarry) {
    for (const char32_t good :
         {U'\t', U'\n', U'\r', U' ', U'\x7f', U'\xd7ff', U'\xe000', U'\xfffd', U'\x10000'}) {
        EXPECT_TRUE(is_xml_char(good)) << static_cast<unsigned>(good);
    }
    for (const unsigned bad :
         {0x0U, 0x1U, 0x8U, 0xbU, 0x1fU, 0xd800U, 0xdfffU, 0xfffeU, 0xffffU, 0x110000U}) {
        EXPECT_FALSE(is_xml_char(char32_t{bad})) << bad;
    }
}

TEST(Text, MarksWhatIsNotUtf8AndKeepsTheRest) {
    EXPECT_EQ(as_utf8("gr\u00fc\u00df \U0001f600"), "gr\u00fc\u00df \U0001f600");
    EXPECT_EQ(as_utf8("bad \xff\xc3"), "bad \ufffd\ufffd");
}

TEST(Text, SuggestsAWordThatSharesMostOfItsLetters) {
    EXPECT_EQ(suggestion("memroy", {"root", "memory"}), "; did you mean 'memory'?");
    EXPECT_EQ(suggestion("nic", {"root", "vif", "nics"}), "; did you mean 'nics'?");
    EXPECT_EQ(suggestion("foo", {"root", "memory"}), "");
    EXPECT_EQ(suggestion("a", {"b"}), "");
}

TEST(Text, TrimsXmlBlanksOnly) {
    EXPECT_EQ(trimmed(" \t\r\n a b \n"), "a b");
    EXPECT_EQ(trimmed(" \n"), "");
    EXPECT_EQ(trimmed("\va"), "\va");
}

}  // namespace
}  // namespace virtlight::domain::text_test
