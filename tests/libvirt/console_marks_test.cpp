// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/console_marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::libvirt {
namespace {

using console::HistorySize;
using console::Mark;
using console::Offset;
using console::Ring;

WallTime second(int n) {
    return std::chrono::sys_days(std::chrono::year(2026) / 1 / 1) + seconds(n);
}

std::string line(std::string_view kind, int n) {
    return fmt::format("--- {} 2026-01-01T00:00:0{}.000Z ---\r\n", kind, n);
}

/// What one is told who reads [from, to) in pieces of `step` bytes.
std::string told(const Ring& ring, Offset from, Offset to, std::size_t step = 1000) {
    ConsoleMarks marks(from, to);
    std::string text;
    for (auto at = from;;) {
        const auto piece = ring.read(at, step);
        const auto bytes = piece.bytes.substr(0, to - at);
        marks.weave(ring, at, bytes, text);
        if (bytes.empty()) return text;
        at += bytes.size();
    }
}

class ConsoleMarksTest : public testing::Test {
 protected:
    ConsoleMarksTest() {
        ring.mark(Mark::Kind::boot, second(0));
        ring.append("one\r\n# ", second(1));
        ring.mark(Mark::Kind::save, second(2));
        ring.mark(Mark::Kind::restore, second(3));
        ring.append("more\r\n", second(4));
        ring.mark(Mark::Kind::shutdown, second(5));
        ring.mark(Mark::Kind::boot, second(6));
        ring.append("two\r\n", second(7));
    }
    Ring ring{HistorySize{}};
};

TEST_F(ConsoleMarksTest, StandBetweenTheBytesOnLinesOfTheirOwn) {
    const auto all = line("boot", 0) + "one\r\n# \r\n" + line("save", 2) + line("restore", 3) + "more\r\n" +
                     line("shutdown", 5) + line("boot", 6) + "two\r\n";
    for (const auto step : {1U, 2U, 3U, 7U, 1000U})
        EXPECT_EQ(told(ring, 0, ring.end(), step), all) << step;
}

TEST_F(ConsoleMarksTest, OfOneBootAreThoseFromItsBeginToItsEnd) {
    const auto& boots = ring.boots();
    EXPECT_EQ(told(ring, boots[0].range().from, boots[0].range().to),
              line("boot", 0) + "one\r\n# \r\n" + line("save", 2) + line("restore", 3) + "more\r\n" +
                  line("shutdown", 5));
    EXPECT_EQ(told(ring, boots[1].range().from, boots[1].range().to), line("boot", 6) + "two\r\n");
}

TEST_F(ConsoleMarksTest, ThatComeWhileOneReadsAreToldWhenTheyCome) {
    ConsoleMarks marks(ring.end());
    std::string text;
    marks.weave(ring, ring.end(), "", text);
    EXPECT_EQ(text, "");
    ring.mark(Mark::Kind::crash, second(8));
    marks.weave(ring, ring.end(), "", text);
    marks.weave(ring, ring.end(), "", text);
    EXPECT_EQ(text, line("crash", 8));
}

RC_GTEST_PROP(ConsoleMarksProperty, AreEachToldOnceAndTakeNoByteAway, ()) {
    Ring ring{HistorySize{}};
    std::string written;
    std::size_t marks = 0;
    for (const auto& word : *rc::gen::container<std::vector<std::string>>(
             rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\r\n"))))) {
        ring.append(word, second(1));
        written += word;
        if (++marks <= limits::console_marks) ring.mark(Mark::Kind::save, second(2));
    }
    marks = std::min(marks, limits::console_marks);
    auto text = told(ring, 0, ring.end(), *rc::gen::inRange<std::size_t>(1, 5));
    std::size_t lines = 0;
    for (std::size_t at = 0; (at = text.find(line("save", 2), at)) != text.npos; ++lines)
        text.erase(at, line("save", 2).size());
    RC_ASSERT(lines == marks);
    std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });
    std::erase_if(written, [](char c) { return c == '\r' || c == '\n'; });
    RC_ASSERT(text == written);
}

}  // namespace
}  // namespace virtlight::libvirt
