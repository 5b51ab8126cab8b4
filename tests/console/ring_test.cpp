// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/ring.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "console/heap.hpp"
#include "console/moments.hpp"
#include "console/ring_model.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;
using test::read_all;
using test::small_history;

TEST(Ring, IsEmptyAtFirst) {
    const Ring ring(small_history);
    EXPECT_EQ(ring.begin(), 0u);
    EXPECT_EQ(ring.end(), 0u);
    EXPECT_TRUE(ring.read(0, 100).empty());
    EXPECT_TRUE(ring.boots().empty());
    EXPECT_EQ(ring.recent(100), 0u);
    EXPECT_EQ(ring.since(at_ms(0)), 0u);
}

TEST(Ring, KeepsTheFirstAndTheLastBytesOfABootAndNamesTheGap) {
    Ring ring(small_history);
    ring.append("abcdefghijklmnop", at_ms(0));
    const auto head = ring.read(0, 100);
    EXPECT_EQ(head.bytes, "abcd");
    EXPECT_TRUE(head.missed.empty());
    const auto rest = ring.read(head.next(), 100);
    EXPECT_EQ(rest.missed, (Range{4, 10}));
    EXPECT_TRUE(std::string_view("klmnop").starts_with(rest.bytes));
    EXPECT_EQ(read_all(ring), "abcd______klmnop");
    EXPECT_EQ(read_all(ring, 7), "___klmnop");
}

TEST(Ring, HasNoGapAsLongAsTheTwoPartsMeet) {
    Ring ring(small_history);
    for (const auto* const text : {"ab", "cde", "fgh", "ij"})
        ring.append(text, at_ms(0));
    EXPECT_EQ(read_all(ring), "abcdefghij");
    ring.append("k", at_ms(0));
    EXPECT_EQ(read_all(ring), "abcd_fghijk");
}

TEST(Ring, ReadsNothingFromAPositionThatIsNotReachedYet) {
    Ring ring(small_history);
    ring.append("abc", at_ms(0));
    const auto piece = ring.read(1000, 100);
    EXPECT_TRUE(piece.empty());
    EXPECT_EQ(piece.next(), 3u);
}

TEST(Ring, GoesOnCountingOverBoots) {
    Ring ring(small_history);
    ring.mark(Mark::Kind::boot, at_ms(0));
    ring.append("one", at_ms(1));
    ring.mark(Mark::Kind::reboot, at_ms(1000));
    ring.append("two", at_ms(1001));
    ASSERT_EQ(ring.boots().size(), 2u);
    EXPECT_EQ(ring.boots()[0].number(), 1u);
    EXPECT_EQ(ring.boots()[1].number(), 2u);
    EXPECT_EQ(ring.boots()[1].range(), (Range{3, 6}));
    EXPECT_EQ(ring.boots()[1].began(), at_ms(1000));
    EXPECT_EQ(read_all(ring), "onetwo");
}

TEST(Ring, GivesUpTheOldestBootFirst) {
    Ring ring(small_history);
    for (const auto* const text : {"aaaaaaaa", "bbbbbbbb", "cccccccc", "d"}) {
        ring.mark(Mark::Kind::boot, at_ms(0));
        ring.append(text, at_ms(0));
    }
    ASSERT_EQ(ring.boots().size(), 3u);
    EXPECT_EQ(ring.begin(), 8u);
    EXPECT_EQ(read_all(ring), "________bbbbbbbbccccccccd");
}

TEST(Ring, RemembersABoundedNumberOfBoots) {
    Ring ring(small_history);
    for (std::size_t i = 0; i < 3 * limits::console_boots; ++i) {
        ring.mark(Mark::Kind::reboot, at_ms(0));
        ring.append("x", at_ms(0));
    }
    EXPECT_EQ(ring.boots().size(), limits::console_boots);
    EXPECT_EQ(ring.boots().back().number(), 3 * limits::console_boots);
}

TEST(Ring, KeepsWhatWasSaidBeforeALoopOfSilentReboots) {
    Ring ring(small_history);
    ring.append("panic", at_ms(0));
    for (int i = 0; i < 100; ++i)
        ring.mark(Mark::Kind::reboot, at_ms(i));
    EXPECT_EQ(read_all(ring), "panic");
    EXPECT_EQ(ring.boots().size(), 2u);
    EXPECT_EQ(ring.boots().back().number(), 101u);
}

TEST(Ring, NotesWhatHappenedBetweenWhichBytes) {
    Ring ring(small_history);
    ring.mark(Mark::Kind::boot, at_ms(5));
    ring.append("abc", at_ms(6));
    ring.mark(Mark::Kind::save, at_ms(7));
    ring.mark(Mark::Kind::restore, at_ms(8));
    ring.append("d", at_ms(9));
    const std::vector<Mark> expected{
        {Mark::Kind::boot, 0, at_ms(5)}, {Mark::Kind::save, 3, at_ms(7)}, {Mark::Kind::restore, 3, at_ms(8)}};
    EXPECT_TRUE(std::ranges::equal(ring.marks(), expected));
    EXPECT_EQ(ring.boots().size(), 1u) << "a restored guest goes on with its boot";
}

TEST(Ring, DropsMarksWithTheBootTheyBelongToAndBeyondTheirNumber) {
    Ring ring(small_history);
    ring.mark(Mark::Kind::boot, at_ms(1));
    ring.append(std::string(10, 'a'), at_ms(1));
    for (int i = 2; i <= 4; ++i) {
        ring.mark(Mark::Kind::reboot, at_ms(i));
        ring.append(std::string(10, 'a'), at_ms(i));
    }
    EXPECT_EQ(ring.marks().front().time, at_ms(2));
    for (std::size_t i = 0; i < 2 * limits::console_marks; ++i)
        ring.mark(Mark::Kind::attached, at_ms(100 + static_cast<int>(i)));
    EXPECT_EQ(ring.marks().size(), limits::console_marks);
    EXPECT_EQ(ring.marks().back().time, at_ms(99 + 2 * static_cast<int>(limits::console_marks)));
}

TEST(Ring, FindsTheBytesOfATime) {
    Ring ring({.first = 100, .last = 100, .older = 100});
    ring.append("old\n", at_ms(1000));
    ring.append("new\n", at_ms(2000));
    EXPECT_EQ(read_all(ring, ring.since(at_ms(1500))), "new\n");
    EXPECT_EQ(read_all(ring, ring.since(at_ms(500))), "old\nnew\n");
    EXPECT_EQ(ring.since(at_ms(2001)), ring.end());
}

TEST(Ring, FindsATimeWhoseBytesAreGoneAtTheOldestThatIsThere) {
    Ring ring({.first = 4, .last = 4, .older = 0});
    ring.append("abcd", at_ms(1000));
    ring.mark(Mark::Kind::reboot, at_ms(2000));
    ring.append("efgh", at_ms(3000));
    EXPECT_EQ(ring.since(at_ms(0)), 4u);
}

TEST(Ring, ShowsRecentHistoryFromTheStartOfALine) {
    Ring ring({.first = 100, .last = 100, .older = 100});
    ring.append("first line\nsecond line\nlogin: ", at_ms(0));
    EXPECT_EQ(read_all(ring, ring.recent(12)), "login: ");
    EXPECT_EQ(read_all(ring, ring.recent(20)), "second line\nlogin: ");
    EXPECT_EQ(read_all(ring, ring.recent(1000)), "first line\nsecond line\nlogin: ");
    EXPECT_EQ(read_all(ring, ring.recent(3)), "n: ") << "a line that is longer than what was asked for";
    EXPECT_EQ(ring.recent(0), ring.end());
    ring.append("root\n", at_ms(0));
    EXPECT_EQ(read_all(ring, ring.recent(6)), " root\n") << "the line that ends here is the one to show";
}

TEST(Ring, ShowsRecentHistoryOfTheBootThatRunsAndBehindItsGap) {
    Ring ring(small_history);
    ring.append("before", at_ms(0));
    ring.mark(Mark::Kind::reboot, at_ms(0));
    EXPECT_EQ(ring.recent(100), 6u);
    ring.append("abcdefghijk\nmnop", at_ms(0));
    EXPECT_EQ(read_all(ring, ring.recent(8)), "mnop");
    EXPECT_EQ(read_all(ring, ring.recent(100)), "mnop");
}

/// What a boot and a half of a very talkative guest leave behind, after many that were as bad.
Ring full_ring(const HistorySize& size) {
    Ring ring(size);
    const std::string line(997, 'x');
    for (int boot = 0; boot < 40; ++boot) {
        ring.mark(Mark::Kind::reboot, at_ms(boot * 1'000'000));
        for (int i = 0; i < 400; ++i) {
            ring.append(line, at_ms(boot * 1'000'000 + i * 50));
            ring.mark(Mark::Kind::attached, at_ms(boot * 1'000'000 + i * 50));
        }
    }
    return ring;
}

TEST(Ring, TakesNoMoreMemoryThanItsHistoryAndAConstant) {
    const HistorySize size{};
    const auto before = virtlight::test::heap_bytes();
    const auto ring = full_ring(size);
    const auto taken = virtlight::test::heap_bytes() - before;
    EXPECT_GT(taken, size.first + size.last) << "the test did not fill it";
    EXPECT_LE(taken, size.bytes() + limits::console_overhead);
    EXPECT_LE(ring.memory(), size.bytes() + limits::console_overhead);
}

using Steps = std::vector<std::pair<std::uint8_t, std::string>>;

HistorySize any_size() {
    return {.first = *rc::gen::inRange<std::size_t>(0, 30),
            .last = *rc::gen::inRange<std::size_t>(0, 30),
            .older = *rc::gen::inRange<std::size_t>(0, 100)};
}

/// Steps of a console's life: mostly output, now and then a boot.
Steps any_steps() {
    const auto text = rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    return *rc::gen::container<Steps>(rc::gen::pair(rc::gen::inRange<std::uint8_t>(0, 8), text));
}

RC_GTEST_PROP(RingProperty, HoldsWhatAModelThatKeepsEverythingHolds, ()) {
    const auto size = any_size();
    Ring ring(size);
    test::RingModel model(size);
    int now = 0;
    for (const auto& [what, text] : any_steps()) {
        if (what == 0) {
            ring.mark(Mark::Kind::reboot, at_ms(++now));
            model.boot();
        } else {
            ring.append(text, at_ms(++now));
            model.append(text);
        }
        const auto content = model.content();
        RC_ASSERT(ring.end() == content.size());
        RC_ASSERT(read_all(ring, 0, *rc::gen::inRange<std::size_t>(1, 20)) == content);
        const auto from = *rc::gen::inRange<std::size_t>(0, content.size() + 1);
        RC_ASSERT(read_all(ring, from) == content.substr(from));
        RC_ASSERT(ring.boots().size() == model.boots().size());
        RC_ASSERT(ring.memory() <= size.bytes() + limits::console_overhead);
    }
}

RC_GTEST_PROP(RingProperty, ShowsNoGapInItsRecentHistory, ()) {
    Ring ring(any_size());
    for (const auto& [what, text] : any_steps())
        what == 0 ? ring.mark(Mark::Kind::reboot, at_ms(0)) : ring.append(text + "\n", at_ms(0));
    const auto asked = *rc::gen::inRange<std::size_t>(0, 100);
    const auto from = ring.recent(asked);
    RC_ASSERT(ring.end() - from <= asked);
    const auto boot = ring.boots().empty() ? 0 : ring.boots().back().range().from;
    RC_ASSERT(from >= boot);
    RC_ASSERT(!read_all(ring, from).contains(test::hole));
}

RC_GTEST_PROP(RingProperty, KnowsTheTimeOfEveryByteItHolds, ()) {
    Ring ring(any_size());
    std::vector<WallTime> came;
    int now = 0;
    for (const auto& [what, text] : any_steps()) {
        now += what * 15;
        if (what == 0) ring.mark(Mark::Kind::reboot, at_ms(now));
        ring.append(text, at_ms(now));
        came.resize(came.size() + text.size(), at_ms(now));
    }
    for (Offset at = 0; at < ring.end();) {
        const auto piece = ring.read(at, 1);
        if (piece.bytes.empty()) break;
        const auto span = ring.times().at(piece.missed.to);
        RC_ASSERT(span.has_value());
        RC_ASSERT(span->first <= came[piece.missed.to] && came[piece.missed.to] <= span->last);
        at = piece.next();
    }
}

}  // namespace
}  // namespace virtlight::console
