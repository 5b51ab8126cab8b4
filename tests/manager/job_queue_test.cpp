// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/job_queue.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr JobId id(std::uint64_t value) {
    return JobId{value};
}

TEST(JobQueue, GivesTheJobsTheirTurnsInTheOrderOfArrival) {
    JobQueue queue;
    queue.add(id(1), JobKind::suspend);
    queue.add(id(2), JobKind::define);
    EXPECT_EQ(queue.next(), id(1));
    queue.finish(id(1));
    EXPECT_EQ(queue.next(), id(2));
    queue.finish(id(2));
    EXPECT_EQ(queue.next(), std::nullopt);
    EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, RunsOneJobAtATime) {
    JobQueue queue;
    queue.add(id(1), JobKind::start);
    queue.add(id(2), JobKind::suspend);
    EXPECT_EQ(queue.next(), id(1));
    EXPECT_EQ(queue.next(), std::nullopt);
    EXPECT_FALSE(queue.idle());
}

TEST(JobQueue, LetsDestroyOvertakeWhatRunsOnTheGuest) {
    JobQueue queue;
    queue.add(id(1), JobKind::shutdown);
    queue.next();
    const auto arrival = queue.add(id(2), JobKind::destroy);
    ASSERT_TRUE(arrival);
    EXPECT_THAT(arrival->overtaken, ElementsAre(id(1)));
    queue.finish(id(1));
    EXPECT_EQ(queue.next(), id(2));
}

TEST(JobQueue, EndsTheWaitingJobsOnTheGuestWithDestroyAndKeepsThoseOnTheDefinition) {
    JobQueue queue;
    queue.add(id(1), JobKind::shutdown);
    queue.next();
    queue.add(id(2), JobKind::suspend);
    queue.add(id(3), JobKind::undefine);
    queue.add(id(4), JobKind::start);
    const auto arrival = queue.add(id(5), JobKind::destroy);
    EXPECT_THAT(arrival->ended, ElementsAre(id(2), id(4)));
    queue.finish(id(1));
    EXPECT_EQ(queue.next(), id(5));
    queue.finish(id(5));
    EXPECT_EQ(queue.next(), id(3));
    queue.finish(id(3));
    EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, NeverCancelsAChangeOfTheDefinition) {
    JobQueue queue;
    queue.add(id(1), JobKind::define);
    queue.next();
    EXPECT_THAT(queue.add(id(2), JobKind::destroy)->overtaken, IsEmpty());
}

TEST(JobQueue, DoesNotCancelOneDestroyForAnother) {
    JobQueue queue;
    queue.add(id(1), JobKind::destroy);
    queue.next();
    const auto arrival = queue.add(id(2), JobKind::destroy);
    EXPECT_THAT(arrival->overtaken, IsEmpty());
    EXPECT_THAT(arrival->ended, IsEmpty());
}

TEST(JobQueue, CleansUpAfterAGuestBeforeTheJobsThatWaitButAfterADestroy) {
    JobQueue queue;
    queue.add(id(1), JobKind::define);
    queue.next();
    queue.add(id(2), JobKind::start);
    EXPECT_THAT(queue.add(id(3), JobKind::after_stop)->ended, IsEmpty());
    queue.add(id(4), JobKind::destroy);  // takes id 2 and id 3 with it
    queue.add(id(5), JobKind::after_stop);
    queue.finish(id(1));
    EXPECT_EQ(queue.next(), id(4));
    queue.finish(id(4));
    EXPECT_EQ(queue.next(), id(5));
}

TEST(JobQueue, IsBoundedButHasRoomForDestroyWhenFull) {
    JobQueue queue;
    for (std::uint64_t i = 1; i <= limits::jobs_per_domain; ++i)
        EXPECT_TRUE(queue.add(id(i), JobKind::define)) << i;
    EXPECT_FALSE(queue.add(id(1000), JobKind::define));
    EXPECT_EQ(queue.waiting(), limits::jobs_per_domain);
    EXPECT_TRUE(queue.add(id(1001), JobKind::destroy));
}

TEST(JobQueue, ForgetsAJobThatIsWithdrawnWhileItWaits) {
    JobQueue queue;
    queue.add(id(1), JobKind::start);
    queue.next();
    queue.add(id(2), JobKind::suspend);
    EXPECT_TRUE(queue.withdraw(id(2)));
    EXPECT_FALSE(queue.withdraw(id(2)));
    EXPECT_FALSE(queue.withdraw(id(1))) << "it runs";
    queue.finish(id(1));
    EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, TellsWhetherAJobOfAKindWaitsOrRuns) {
    JobQueue queue;
    queue.add(id(1), JobKind::start);
    queue.next();
    queue.add(id(2), JobKind::suspend);
    EXPECT_TRUE(queue.has(JobKind::start));
    EXPECT_TRUE(queue.has(JobKind::suspend));
    EXPECT_FALSE(queue.has(JobKind::resume));
    queue.finish(id(1));
    EXPECT_FALSE(queue.has(JobKind::start));
}

TEST(JobQueue, GivesTheNextJobItsTurnWhileARequestWaitsForTheGuest) {
    JobQueue queue;
    queue.add(id(1), JobKind::shutdown);
    queue.add(id(2), JobKind::resume);
    queue.add(id(3), JobKind::set_memory);
    EXPECT_EQ(queue.next(), id(1));
    EXPECT_EQ(queue.next(), id(2));
    EXPECT_EQ(queue.next(), std::nullopt) << "one beside it is enough";
    queue.finish(id(2));
    EXPECT_EQ(queue.next(), id(3));
    queue.finish(id(1));
    EXPECT_FALSE(queue.idle());
    queue.finish(id(3));
    EXPECT_TRUE(queue.idle());
}

TEST(JobQueue, AsksAGuestForOneThingAtATime) {
    for (const auto kind : {JobKind::save, JobKind::sleep, JobKind::shutdown, JobKind::reboot}) {
        JobQueue queue;
        queue.add(id(1), JobKind::reboot);
        queue.next();
        queue.add(id(2), kind);
        EXPECT_EQ(queue.next(), std::nullopt);
    }
}

TEST(JobQueue, AsksAGuestForNothingBesideWhatChangesIt) {
    JobQueue queue;
    queue.add(id(1), JobKind::create);
    queue.next();
    queue.add(id(2), JobKind::shutdown);
    EXPECT_EQ(queue.next(), std::nullopt);
}

TEST(JobQueue, LetsDestroyOvertakeARequestAndWhatRunsBesideIt) {
    JobQueue queue;
    queue.add(id(1), JobKind::shutdown);
    queue.add(id(2), JobKind::dump_core);
    queue.next();
    queue.next();
    EXPECT_THAT(queue.add(id(3), JobKind::destroy)->overtaken, ElementsAre(id(1), id(2)));
    queue.finish(id(1));
    EXPECT_EQ(queue.next(), std::nullopt) << "the other one still runs";
    queue.finish(id(2));
    EXPECT_EQ(queue.next(), id(3));
}

// Every job that is accepted ends in exactly one way: it has its turn, or it is said to have ended.
// Jobs of one precedence have their turns in the order of arrival, and only urgent ones overtake.
RC_GTEST_PROP(JobQueue, EndsEveryAcceptedJobOnceAndInOrder, ()) {
    JobQueue queue;
    std::map<JobId, JobKind> waiting;
    std::map<JobId, JobKind> running;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 16));
    std::uint64_t last = 0;
    const auto turn = [&] {
        const auto next = queue.next();
        if (running.empty()) RC_ASSERT(next.has_value() == !waiting.empty());
        if (!next) return;
        for (const auto& [other, kind] : running)
            RC_ASSERT(kind == JobKind::shutdown && rules(waiting.at(*next)).precedence == 0);
        RC_ASSERT(waiting.contains(*next));
        for (const auto& [other, kind] : waiting) {
            const auto mine = rules(waiting.at(*next)).precedence;
            RC_ASSERT(rules(kind).precedence <= mine);
            if (rules(kind).precedence == mine) RC_ASSERT(!(other < *next));
        }
        running.insert(waiting.extract(*next));
    };
    for (const auto step : steps) {
        if (step > 10) {
            if (!running.empty()) {
                queue.finish(running.begin()->first);
                running.erase(running.begin());
            }
            turn();
        } else {
            const auto kind = step == 10 ? JobKind::shutdown : static_cast<JobKind>(step);
            const auto job = id(++last);
            const auto arrival = queue.add(job, kind);
            if (!arrival) {
                RC_ASSERT(waiting.size() >= limits::jobs_per_domain);
                continue;
            }
            for (const auto ended : arrival->ended) {
                RC_ASSERT(kind == JobKind::destroy && rules(waiting.at(ended)).on_guest);
                waiting.erase(ended);
            }
            for (const auto overtaken : arrival->overtaken)
                RC_ASSERT(running.contains(overtaken));
            waiting.emplace(job, kind);
        }
        RC_ASSERT(queue.waiting() == waiting.size());
        RC_ASSERT(queue.waiting() <= 2 * limits::jobs_per_domain);
    }
    while (!queue.idle()) {
        if (!running.empty()) queue.finish(running.begin()->first);
        if (!running.empty()) running.erase(running.begin());
        turn();
    }
    RC_ASSERT(waiting.empty());
}

}  // namespace
}  // namespace virtlight::manager
