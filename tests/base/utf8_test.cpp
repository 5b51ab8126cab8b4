// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/utf8.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace virtlight {
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

TEST(Utf8, DecodesEachLengthOfUtf8) {
    EXPECT_EQ(decoded("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7"),
              (std::vector<long>{'a', 0xe9, 0x20ac, 0x1f427}));
    EXPECT_EQ(decoded("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
              (std::vector<long>{0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff}));
}

TEST(Utf8, GivesNothingForBytesThatAreNoUtf8) {
    EXPECT_EQ(decoded("\xc3(a"), (std::vector<long>{-1, '(', 'a'}));              // not continued
    EXPECT_EQ(decoded("\xe2\x82"), (std::vector<long>{-1, -1}));                  // cut off
    EXPECT_EQ(decoded("\x80\xff"), (std::vector<long>{-1, -1}));                  // no first byte
    EXPECT_EQ(decoded("\xc0\xaf"), (std::vector<long>{-1, -1}));                  // overlong '/'
    EXPECT_EQ(decoded("\xe0\x80\xaf"), (std::vector<long>{-1, -1, -1}));          // overlong '/'
    EXPECT_EQ(decoded("\xf0\x80\x80\xaf"), (std::vector<long>{-1, -1, -1, -1}));  // overlong '/'
    EXPECT_EQ(decoded("\xed\xa0\x80"), (std::vector<long>{-1, -1, -1}));          // a surrogate
    EXPECT_EQ(decoded("\xf4\x90\x80\x80"), (std::vector<long>{-1, -1, -1, -1}));  // above U+10FFFF
}

TEST(Utf8, IsCutBetweenCharacters) {
    EXPECT_EQ(cut_to("abc", 3), "abc");
    EXPECT_EQ(cut_to("abc", 2), "ab");
    EXPECT_EQ(cut_to("abc", 0), "");
    EXPECT_EQ(cut_to("a\xf0\x9f\x90\xa7", 5), "a\xf0\x9f\x90\xa7");
    for (std::size_t limit = 1; limit < 5; ++limit)
        EXPECT_EQ(cut_to("a\xf0\x9f\x90\xa7", limit), "a") << limit;
    EXPECT_EQ(cut_to("\u00e9", 1), "");
    EXPECT_EQ(cut_to("\x80\x80", 1), "") << "no UTF-8 to begin with";
}

TEST(Shown, IsOneShortLine) {
    EXPECT_EQ(shown("a b\xc3\xa9"), "a b\xc3\xa9");
    EXPECT_EQ(shown("a\nb\x1b\xff"), "a\\x0ab\\x1b\\xff");
    EXPECT_EQ(shown("0123456789", 10), "0123456789");
    EXPECT_EQ(shown("0123456789x", 10), "0123456789...");
    EXPECT_EQ(shown("012345678\xc3\xa9x", 10), "012345678\xc3\xa9...") << "never cuts a character";
}

TEST(Shown, IsNothingThatATerminalObeys) {
    EXPECT_EQ(shown("\x1b[2J\x7f\b"), "\\x1b[2J\\x7f\\x08");
    EXPECT_EQ(shown("\u009b2J"), "\\xc2\\x9b2J") << "what ESC [ is in one character";
    EXPECT_EQ(shown("\u0085"), "\\xc2\\x85") << "a line break of Unicode's";
    EXPECT_EQ(shown("\x9b"), "\\x9b") << "the same to a terminal without UTF-8";
}

}  // namespace
}  // namespace virtlight
