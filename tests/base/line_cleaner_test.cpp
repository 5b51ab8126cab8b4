// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/line_cleaner.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight {
namespace {

std::string clean(std::string_view bytes) {
    LineCleaner cleaner;
    std::string out;
    cleaner.clean(bytes, out);
    return out;
}

TEST(LineCleaner, LeavesPlainTextAlone) {
    EXPECT_EQ(clean("Linux version 6.1\n\tok: \xc3\xbc\n"), "Linux version 6.1\n\tok: \xc3\xbc\n");
}

TEST(LineCleaner, RemovesColoursAndCursorMovements) {
    EXPECT_EQ(clean("[\x1b[0;32m  OK  \x1b[0m] \x1b[2J\x1b[1;1HStarted"), "[  OK  ] Started");
}

TEST(LineCleaner, RemovesTitlesWhicheverWayTheyEnd) {
    EXPECT_EQ(clean("a\x1b]0;root@web\ab"), "ab");
    EXPECT_EQ(clean("a\x1b]0;root@web\x1b\\b"), "ab");
    EXPECT_EQ(clean("a\x1bP1$r\x1b\\b"), "ab");
}

TEST(LineCleaner, RemovesShortSequences) {
    EXPECT_EQ(clean("a\x1b"
                    "7b\x1b(Bc\x1b=d\x1b#8e"),
              "abcde");
}

TEST(LineCleaner, RemovesOtherControlBytes) {
    EXPECT_EQ(clean(std::string_view("a\0b\bc\x7f\ad", 8)), "abcd");
}

TEST(LineCleaner, RemovesSequencesThatBeginWithControlCharactersOfUnicode) {
    EXPECT_EQ(clean("a\u009b31mb"), "ab");
    EXPECT_EQ(clean("a\u009d52;c;cm0gLXJm\u009cb"), "ab");
    EXPECT_EQ(clean("a\u0090$q\x1b\\b\u0085c"), "abc");
    EXPECT_EQ(clean("a\x1b]0;t\u009cb"), "ab");
    EXPECT_EQ(clean("a\u009b31\npanic"), "a\npanic");
}

TEST(LineCleaner, LeavesCharactersAloneThatShareAByteWithThose) {
    EXPECT_EQ(clean("1\u00b0\u00a0C, \u2590\u00db"), "1\u00b0\u00a0C, \u2590\u00db");
    EXPECT_EQ(clean("10%\r\u00b120%\n"), "10%\n\u00b120%\n");
    EXPECT_EQ(clean("latin \xc2\n"), "latin \xc2\n");
}

TEST(LineCleaner, MakesNoControlCharacterOfWhatStoodOnBothSidesOfASequence) {
    EXPECT_EQ(clean("a\xc2\x1b[m\x9b"
                    "31mb"),
              "a\x9b"
              "31mb");
    EXPECT_EQ(clean("a\xc2\xc2\x9b"
                    "31mb"),
              "ab");
    EXPECT_EQ(clean("a\xc2\a\x9b"
                    "b"),
              "a\x9b"
              "b");
}

TEST(LineCleaner, EndsLinesTheWayOfFiles) {
    EXPECT_EQ(clean("a\r\nb\r\r\nc\n\rd"), "a\nb\nc\nd");
    EXPECT_EQ(clean("\r\n\r\n"), "\n\n");
}

TEST(LineCleaner, MakesALineOfWhatACarriageReturnWouldHaveOverwritten) {
    EXPECT_EQ(clean("10%\r20%\r\x1b[K30%\n"), "10%\n20%\n30%\n");
}

TEST(LineCleaner, LosesNoLineToASequenceThatNeverEnds) {
    EXPECT_EQ(clean("a\x1b]0;titl\npanic"), "a\npanic");
    EXPECT_EQ(clean("a\x1b[12\r\npanic"), "a\npanic");
    EXPECT_EQ(clean("a\x1b\npanic"), "a\npanic");
    EXPECT_EQ(clean("a\x1b[1\x1b[31mb"), "ab");
}

/// Text of which every second byte matters to a terminal.
std::string terminal_text() {
    return *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("\x1b\x1b[]()P\\\a\r\n\t \x18\x7fm1;x\xc3\xc2\xc2\x9b\x9d\x9c\xb0")));
}

RC_GTEST_PROP(LineCleanerProperty, DoesNotCareHowAStreamIsCut, ()) {
    const auto text = terminal_text();
    const auto cut = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    LineCleaner cleaner;
    std::string out;
    cleaner.clean(text.substr(0, cut), out);
    cleaner.clean(text.substr(cut), out);
    RC_ASSERT(out == clean(text));
}

RC_GTEST_PROP(LineCleanerProperty, LeavesNoControlBytesAndKeepsEveryLineEnd, ()) {
    const auto text = terminal_text();
    const auto out = clean(text);
    RC_ASSERT(std::ranges::none_of(
        out, [](unsigned char c) { return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f; }));
    RC_ASSERT(std::ranges::adjacent_find(out, [](unsigned char a, unsigned char b) {
                  return a == 0xc2 && b >= 0x80 && b <= 0x9f;
              }) == out.end());
    RC_ASSERT(std::ranges::count(out, '\n') >= std::ranges::count(text, '\n'));
    RC_ASSERT(out.size() <= text.size());
    RC_ASSERT(clean(out) == out);
}

}  // namespace
}  // namespace virtlight
