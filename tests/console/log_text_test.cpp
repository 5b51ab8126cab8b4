// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/log_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "console/moments.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;

std::string render(LogText text, std::initializer_list<std::pair<std::string_view, int>> pieces) {
    std::string out;
    for (const auto& [bytes, ms] : pieces)
        text.add(bytes, at_ms(ms), out);
    return out;
}

TEST(LogText, GivesEachLineTheTimeOfItsFirstByte) {
    EXPECT_EQ(render(LogText(Sequences::cleaned), {{"one\ntw", 1}, {"o\nthree", 62'034}}),
              "2026-01-01T00:00:00.001Z one\n"
              "2026-01-01T00:00:00.001Z two\n"
              "2026-01-01T00:01:02.034Z three");
}

TEST(LogText, WaitsWithTheTimeUntilTheLineHasSomething) {
    EXPECT_EQ(render(LogText(Sequences::cleaned), {{"a\n", 0}, {"\n\x1b[0m", 1}, {"\r", 2}, {"b", 3}}),
              "2026-01-01T00:00:00.000Z a\n\n2026-01-01T00:00:00.003Z b");
    EXPECT_EQ(render(LogText(Sequences::kept), {{"\r\n", 0}, {"b", 3}}), "\r\n2026-01-01T00:00:00.003Z b");
}

TEST(LogText, KeepsControlSequencesWhenAsked) {
    EXPECT_EQ(render(LogText(Sequences::kept), {{"\x1b[31mred\r\nx", 0}}),
              "2026-01-01T00:00:00.000Z \x1b[31mred\r\n2026-01-01T00:00:00.000Z x");
    EXPECT_EQ(render(LogText(Sequences::cleaned), {{"\x1b[31mred\r\nx", 0}}),
              "2026-01-01T00:00:00.000Z red\n2026-01-01T00:00:00.000Z x");
}

TEST(LogText, PutsANoteOnALineOfItsOwn) {
    LogText text(Sequences::cleaned);
    std::string out;
    text.note("first", at_ms(0), out);
    text.add("half a li\x1b[3", at_ms(1), out);
    text.note("8 bytes are missing here", at_ms(2), out);
    text.add("ne\n", at_ms(3), out);
    EXPECT_EQ(out,
              "2026-01-01T00:00:00.000Z --- first ---\n"
              "2026-01-01T00:00:00.001Z half a li\n"
              "2026-01-01T00:00:00.002Z --- 8 bytes are missing here ---\n"
              "2026-01-01T00:00:00.003Z ne\n");
}

RC_GTEST_PROP(LogTextProperty, GrowsNoMoreThanPromised, (bool cleaned)) {
    const auto bytes = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("\r\nxy\x1b")));
    std::string out;
    LogText(cleaned ? Sequences::cleaned : Sequences::kept).add(bytes, at_ms(0), out);
    RC_ASSERT(out.size() <= (bytes.size() + 1) * LogText::growth);
}

}  // namespace
}  // namespace virtlight::console
