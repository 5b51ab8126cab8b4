// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/text.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace virtlight::domain::text_test {
namespace {

/// All characters of a text; -1 where a byte is not UTF-8.
std::vector<long> decoded(std::string_view text) {
    std::vector<long> all;
    while (!text.empty()) {
        const auto character = take_char(text);
        all.push_back(character ? static_cast<long>(*character) : -1);
    }
    return all;
}

TEST(Text, DecodesEachLengthOfUtf8) {
    EXPECT_EQ(decoded("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7"),
              (std::vector<long>{'a', 0xe9, 0x20ac, 0x1f427}));
    EXPECT_EQ(decoded("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
              (std::vector<long>{0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff}));
}

TEST(Text, GivesNothingForBytesThatAreNoUtf8) {
    EXPECT_EQ(decoded("\xc3(a"), (std::vector<long>{-1, '(', 'a'}));              // not continued
    EXPECT_EQ(decoded("\xe2\x82"), (std::vector<long>{-1, -1}));                  // cut off
    EXPECT_EQ(decoded("\x80\xff"), (std::vector<long>{-1, -1}));                  // no first byte
    EXPECT_EQ(decoded("\xc0\xaf"), (std::vector<long>{-1, -1}));                  // overlong '/'
    EXPECT_EQ(decoded("\xe0\x80\xaf"), (std::vector<long>{-1, -1, -1}));          // overlong '/'
    EXPECT_EQ(decoded("\xf0\x80\x80\xaf"), (std::vector<long>{-1, -1, -1, -1}));  // overlong '/'
    EXPECT_EQ(decoded("\xed\xa0\x80"), (std::vector<long>{-1, -1, -1}));          // a surrogate
    EXPECT_EQ(decoded("\xf4\x90\x80\x80"), (std::vector<long>{-1, -1, -1, -1}));  // above U+10FFFF
}

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

TEST(Text, ShowsAValueInOneShortLine) {
    EXPECT_EQ(shown("a b\xc3\xa9"), "a b\xc3\xa9");
    EXPECT_EQ(shown("a\nb\x1b\xff"), "a\\x0ab\\x1b\\xff");
    EXPECT_EQ(shown("0123456789", 10), "0123456789");
    EXPECT_EQ(shown("0123456789x", 10), "0123456789...");
    EXPECT_EQ(shown("012345678\xc3\xa9x", 10), "012345678\xc3\xa9...") << "never cuts a character";
}

TEST(Text, MarksWhatIsNotUtf8AndKeepsTheRest) {
    EXPECT_EQ(as_utf8("gr\u00fc\u00df \U0001f600"), "gr\u00fc\u00df \U0001f600");
    EXPECT_EQ(as_utf8("bad \xff\xc3"), "bad \ufffd\ufffd");
}

TEST(Text, TrimsXmlBlanksOnly) {
    EXPECT_EQ(trimmed(" \t\r\n a b \n"), "a b");
    EXPECT_EQ(trimmed(" \n"), "");
    EXPECT_EQ(trimmed("\va"), "\va");
}

}  // namespace
}  // namespace virtlight::domain::text_test
