// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/timer_queue.hpp"

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
    EXPECT_FALSE(queue.reset(timer, at(12)));
    EXPECT_FALSE(queue.remove(timer));
}

TEST(TimerQueue, ServesEqualTimesInTheOrderOfSetting) {
    TimerQueue queue;
    const auto first = queue.add(at(5));
    const auto second = queue.add(at(5));
    EXPECT_TRUE(queue.reset(first, at(5)));
    EXPECT_EQ(queue.pop(at(5)), second);
    EXPECT_EQ(queue.pop(at(5)), first);
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

/// Random calls against a sorted map that says what must come out.
TEST(TimerQueue, EqualsOneThatWillAnswerAlikeAndNoneThatWillNameTheNextTimerOtherwise) {
    TimerQueue queue;
    TimerQueue other;
    const auto timer = queue.add(at(1));
    EXPECT_NE(queue, other);
    EXPECT_EQ(other.add(at(1)), timer);
    EXPECT_EQ(queue, other);
    EXPECT_TRUE(other.reset(timer, at(2)));
    EXPECT_NE(queue, other);
    EXPECT_TRUE(queue.reset(timer, at(2)));
    EXPECT_EQ(queue, other);
    EXPECT_TRUE(other.remove(other.add(at(1))));
    EXPECT_NE(queue, other);
}

RC_GTEST_PROP(TimerQueueProperty, AgreesWithASortedList, ()) {
    TimerQueue queue;
    std::map<std::pair<Time, int>, TimerId> model;
    std::vector<TimerId> ever;
    int order = 0;
    const auto in_model = [&](TimerId id) {
        return std::find_if(model.begin(), model.end(),
                            [&](const auto& entry) { return entry.second == id; });
    };
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const auto time = at(*rc::gen::inRange(0, 20));
        const auto id = ever.empty() ? TimerId{} : *rc::gen::elementOf(ever);
        switch (*rc::gen::inRange(0, 4)) {
            case 0: {
                const auto added = queue.add(time);
                RC_ASSERT(std::find(ever.begin(), ever.end(), added) == ever.end());
                ever.push_back(added);
                model[{time, ++order}] = added;
                break;
            }
            case 1: {
                const auto found = in_model(id);
                RC_ASSERT(queue.reset(id, time) == (found != model.end()));
                if (found != model.end()) {
                    model.erase(found);
                    model[{time, ++order}] = id;
                }
                break;
            }
            case 2: {
                const auto found = in_model(id);
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
