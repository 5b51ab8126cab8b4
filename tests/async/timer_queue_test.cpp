// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/timer_queue.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::async {
namespace {

Time at(int second) {
    return Time(seconds(second));
}

TEST(TimerQueue, HandsOverNothingBeforeItsTime) {
    TimerQueue queue;
    queue.add(at(10));
    EXPECT_EQ(queue.pop(at(10) - nanoseconds(1)), std::nullopt);
    EXPECT_EQ(queue.next(), at(10));
}

TEST(TimerQueue, HandsOverEachTimerOnce) {
    TimerQueue queue;
    const auto timer = queue.add(at(10));
    EXPECT_EQ(queue.pop(at(10)), timer);
    EXPECT_EQ(queue.pop(at(11)), std::nullopt);
    EXPECT_FALSE(queue.remove(timer));
}

TEST(TimerQueue, ServesEqualTimesInTheOrderOfSetting) {
    TimerQueue queue;
    const auto gone = queue.add(at(5));
    const auto first = queue.add(at(5));
    queue.remove(gone);
    const auto second = queue.add(at(5));  // in the place of the one that is gone
    EXPECT_EQ(queue.pop(at(5)), first);
    EXPECT_EQ(queue.pop(at(5)), second);
}

TEST(TimerQueue, NeverUsesAnIdAgain) {
    TimerQueue queue;
    const auto gone = queue.add(at(1));
    queue.remove(gone);
    const auto next = queue.add(at(1));
    EXPECT_NE(gone, next);
    EXPECT_FALSE(queue.remove(gone));
    EXPECT_EQ(queue.size(), 1u);
}

TEST(TimerQueue, EqualsOneThatWillAnswerAlikeAndNoneThatWillNameTheNextTimerOtherwise) {
    TimerQueue queue;
    TimerQueue other;
    const auto timer = queue.add(at(1));
    EXPECT_NE(queue, other);
    EXPECT_EQ(other.add(at(1)), timer);
    EXPECT_EQ(queue, other);
    EXPECT_TRUE(other.remove(other.add(at(1))));
    EXPECT_NE(queue, other);
}

/// Random calls against a sorted map that says what must come out.
RC_GTEST_PROP(TimerQueueProperty, AgreesWithASortedList, ()) {
    TimerQueue queue;
    std::map<std::pair<Time, int>, TimerId> model;
    std::vector<TimerId> ever;
    int order = 0;
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const auto time = at(*rc::gen::inRange(0, 20));
        const auto id = ever.empty() ? TimerId{} : *rc::gen::elementOf(ever);
        switch (*rc::gen::inRange(0, 3)) {
            case 0: {
                const auto added = queue.add(time);
                RC_ASSERT(std::find(ever.begin(), ever.end(), added) == ever.end());
                ever.push_back(added);
                model[{time, ++order}] = added;
                break;
            }
            case 1: {
                const auto found =
                    std::ranges::find(model, id, [](const auto& entry) { return entry.second; });
                RC_ASSERT(queue.remove(id) == (found != model.end()));
                if (found != model.end()) model.erase(found);
                break;
            }
            default: {
                const auto popped = queue.pop(time);
                const bool due = !model.empty() && model.begin()->first.first <= time;
                RC_ASSERT(popped.has_value() == due);
                if (!due) break;
                RC_ASSERT(*popped == model.begin()->second);
                model.erase(model.begin());
            }
        }
        RC_ASSERT(queue.size() == model.size());
        RC_ASSERT(queue.next() == (model.empty() ? std::nullopt : std::optional(model.begin()->first.first)));
    }
}

}  // namespace
}  // namespace virtlight::async
