// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/time_index.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "console/moments.hpp"

namespace virtlight::console {
namespace {

using test::at_ms;

TEST(TimeIndex, FindsWhereTheBytesOfATimeBegin) {
    TimeIndex index;
    index.note(0, at_ms(1000));
    index.note(10, at_ms(2000));
    index.note(30, at_ms(3000));
    EXPECT_EQ(index.since(at_ms(0)), 0u);
    EXPECT_EQ(index.since(at_ms(1000)), 0u);
    EXPECT_EQ(index.since(at_ms(1001)), 10u);
    EXPECT_EQ(index.since(at_ms(3000)), 30u);
    EXPECT_EQ(index.since(at_ms(3001)), std::nullopt);
}

TEST(TimeIndex, TellsWhenAByteCame) {
    TimeIndex index;
    EXPECT_EQ(index.at(5), std::nullopt);
    index.note(0, at_ms(1000));
    index.note(10, at_ms(2000));
    EXPECT_EQ(index.at(9)->first, at_ms(1000));
    EXPECT_EQ(index.end_of_span(9), 10u);
    EXPECT_EQ(index.at(10)->first, at_ms(2000));
    EXPECT_GT(index.end_of_span(10), 1'000'000u);
}

TEST(TimeIndex, RemembersABurstUnderOneTime) {
    TimeIndex index;
    for (int i = 0; i < 10; ++i)
        index.note(static_cast<Offset>(i), at_ms(1000 + i % 5));
    ASSERT_EQ(index.spans().size(), 1u);
    EXPECT_EQ(index.spans()[0], (TimeIndex::Span{0, at_ms(1000), at_ms(1004)}));
}

TEST(TimeIndex, LosesThePrecisionOfBurstsBeforeThatOfSilences) {
    TimeIndex index;
    index.note(0, at_ms(0));  // a prompt, then a night
    const auto morning = 8 * 3600 * 1000;
    for (int i = 1; i < 1000; ++i)
        index.note(static_cast<Offset>(i), at_ms(morning + 20 * i));
    EXPECT_EQ(index.spans().size(), limits::console_times);
    EXPECT_EQ(index.since(at_ms(1)), 1u);
    EXPECT_EQ(index.spans()[0], (TimeIndex::Span{0, at_ms(0), at_ms(0)}));
}

TEST(TimeIndex, ForgetsASpanOnlyWithItsLastByte) {
    TimeIndex index;
    for (const Offset from : {0u, 10u, 20u, 30u})
        index.note(from, at_ms(static_cast<int>(from) * 100));
    index.forget({10, 25});
    ASSERT_EQ(index.spans().size(), 3u);
    EXPECT_EQ(index.spans()[1].from, 20u);
    index.forget({0, 100});
    ASSERT_EQ(index.spans().size(), 1u);  // the newest tells about what comes
    EXPECT_EQ(index.spans()[0].from, 30u);
    index.forget({30, 30});
    EXPECT_EQ(index.spans().size(), 1u);
}

/// Notes that rise in offset by at least one, at times that may go back, as when the clock is set.
RC_GTEST_PROP(TimeIndexProperty, NeverFindsALaterPlaceThanTheBytesHave,
              (const std::vector<std::pair<std::uint8_t, std::int16_t>>& steps, std::int16_t asked)) {
    TimeIndex index;
    std::vector<std::pair<Offset, WallTime>> noted;
    Offset offset = 0;
    for (int repeat = 0; repeat < 5; ++repeat) {
        for (const auto& [bytes, ms] : steps) {
            index.note(offset, at_ms(ms));
            noted.emplace_back(offset, at_ms(ms));
            offset += 1u + bytes;
        }
    }
    RC_ASSERT(index.spans().size() <= limits::console_times);
    const auto first = std::ranges::find_if(noted, [&](const auto& n) { return n.second >= at_ms(asked); });
    const auto found = index.since(at_ms(asked));
    RC_ASSERT(found.has_value() == (first != noted.end()));
    if (found) RC_ASSERT(*found <= first->first);
    for (const auto& [from, time] : noted) {
        const auto span = index.at(from);
        RC_ASSERT(span && span->first <= time && time <= span->last);
        RC_ASSERT(span->from <= from && from < index.end_of_span(from));
    }
}

}  // namespace
}  // namespace virtlight::console
