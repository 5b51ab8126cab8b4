// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/task.hpp"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "async/blocking.hpp"
#include "async/event_loop.hpp"
#include "async/scope.hpp"
#include "async/timing.hpp"
#include "async/virtual_loop.hpp"

namespace virtlight::async {
namespace {

Task<int> answer(int value) {
    co_return value;
}

Task<int> sum_of_many(int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i)
        sum += co_await answer(1);
    co_return sum;
}

Task<> store(Task<int> task, int& result) {
    result = co_await std::move(task);
}

TEST(Task, RunsOnlyWhenItIsAwaited) {
    int result = 0;
    {
        [[maybe_unused]] const auto never = store(answer(1), result);
    }
    EXPECT_EQ(result, 0);
    Scope scope;
    scope.spawn(store(answer(2), result));
    EXPECT_EQ(result, 2);
}

TEST(Task, DoesNotGrowTheStackWithTheNumberOfTasksThatEndAtOnce) {
    int result = 0;
    Scope scope;
    scope.spawn(store(sum_of_many(1'000'000), result));
    EXPECT_EQ(result, 1'000'000);
}

Task<> hold(std::shared_ptr<int> held, Completion<int> until) {
    *held = co_await until;
}

TEST(Task, FreesWhatItHoldsWhenItIsDestroyedInTheMiddle) {
    const auto held = std::make_shared<int>(0);
    const Completion<int> never;
    {
        auto task = std::make_unique<Task<>>(hold(held, never));
        EXPECT_EQ(held.use_count(), 2);
        task.reset();
    }
    EXPECT_EQ(held.use_count(), 1);
    never.set(7);
    EXPECT_EQ(*held, 0);
}

TEST(Completion, GivesItsValueWhetherItComesBeforeOrAfterTheAwaiting) {
    Scope scope;
    const auto early = std::make_shared<int>(0);
    const auto late = std::make_shared<int>(0);
    const Completion<int> first;
    first.set(1);
    first.set(99);  // too late: what is done stays as it was
    scope.spawn(hold(early, first));
    EXPECT_EQ(*early, 1);

    const Completion<int> second;
    scope.spawn(hold(late, second));
    EXPECT_EQ(*late, 0);
    second.set(2);
    EXPECT_EQ(*late, 2);
}

Task<> note(Scope& scope, std::vector<std::string>& notes) {
    co_await scope.drained();
    notes.emplace_back("drained");
}

Task<> wait_and_note(Completion<int> until, std::vector<std::string>& notes) {
    co_await until;
    notes.emplace_back("ended");
}

TEST(Scope, IsDrainedWhenItsLastTaskHasEnded) {
    Scope scope;
    Scope watching;
    std::vector<std::string> notes;
    const Completion<int> first;
    const Completion<int> second;
    scope.spawn(wait_and_note(first, notes));
    scope.spawn(wait_and_note(second, notes));
    watching.spawn(note(scope, notes));
    watching.spawn(note(scope, notes));
    first.set(1);
    EXPECT_EQ(scope.in_flight(), 1u);
    second.set(1);
    EXPECT_EQ(notes, (std::vector<std::string>{"ended", "ended", "drained", "drained"}));
}

TEST(ScopeDeathTest, StopsTheProgramWhenItIsDestroyedWithTasksInFlight) {
    EXPECT_DEATH(
        {
            std::vector<std::string> notes;
            Scope scope;
            scope.spawn(wait_and_note(Completion<int>(), notes));
        },
        "1 tasks in flight");
}

TEST(Scope, DropsItsTasksWhereTheyAreSuspended) {
    Scope scope;
    std::vector<std::string> notes;
    const Completion<int> never;
    scope.spawn(wait_and_note(never, notes));
    scope.spawn(wait_and_note(Completion<int>(), notes));
    scope.drop();
    EXPECT_EQ(scope.in_flight(), 0u);
    never.set(1);
    EXPECT_TRUE(notes.empty());
}

TEST(Cancel, CallsEachCallbackOnceInOrder) {
    CancelSource source;
    std::string calls;
    const auto a = source.token().on_cancel([&] { calls += 'a'; });
    const auto b = source.token().on_cancel([&] { calls += 'b'; });
    source.cancel();
    source.cancel();
    EXPECT_EQ(calls, "ab");
}

TEST(Cancel, CallsALateComerAtOnceAndATakenBackOneNever) {
    CancelSource source;
    std::string calls;
    {
        const auto gone = source.token().on_cancel([&] { calls += 'x'; });
    }
    source.cancel();
    const auto late = source.token().on_cancel([&] { calls += 'l'; });
    EXPECT_EQ(calls, "l");
}

TEST(Cancel, LetsACallbackTakeBackAnother) {
    CancelSource source;
    std::string calls;
    std::optional<CancelToken::Registration> second;
    const auto first = source.token().on_cancel([&] {
        calls += '1';
        second.reset();
    });
    second = source.token().on_cancel([&] { calls += '2'; });
    source.cancel();
    EXPECT_EQ(calls, "1");
}

Task<> sleep_and_store(Scheduler& scheduler, Duration duration, CancelToken token,
                       std::optional<bool>& result) {
    result = co_await sleep_for(scheduler, duration, token);
}

TEST(Sleep, EndsAtItsTimeOrWhenItIsCancelled) {
    VirtualLoop loop;
    Scope scope;
    CancelSource source;
    std::optional<bool> slept;
    std::optional<bool> cancelled;
    scope.spawn(sleep_and_store(loop, seconds(10), {}, slept));
    scope.spawn(sleep_and_store(loop, seconds(10), source.token(), cancelled));
    loop.run_for(seconds(9));
    EXPECT_EQ(slept, std::nullopt);
    source.cancel();
    EXPECT_EQ(cancelled, false);
    loop.run_for(seconds(1));
    EXPECT_EQ(slept, true);
}

TEST(Deadline, CancelsAtItsTimeUnlessItIsGone) {
    VirtualLoop loop;
    const CancelSource kept;
    const CancelSource spared;
    const Deadline deadline(loop, loop.now() + seconds(5), kept);
    {
        const Deadline gone(loop, loop.now() + seconds(5), spared);
    }
    loop.run_for(seconds(5));
    EXPECT_TRUE(kept.cancelled());
    EXPECT_TRUE(deadline.passed());
    EXPECT_FALSE(spared.cancelled());
}

Task<> where_it_ran(Blocking& blocking, EventLoop& loop, std::thread::id& worker, std::thread::id& after) {
    worker = co_await run_blocking(blocking, loop, [] { return std::this_thread::get_id(); });
    after = std::this_thread::get_id();
    loop.stop();
}

TEST(Blocking, RunsElsewhereAndComesBackToTheLoop) {
    EventLoop loop("test");
    BlockingThreads threads(1);
    Scope scope;
    std::thread::id worker;
    std::thread::id after;
    scope.spawn(where_it_ran(threads, loop, worker, after));
    loop.run();
    EXPECT_NE(worker, std::thread::id());
    EXPECT_NE(worker, std::this_thread::get_id());
    EXPECT_EQ(after, std::this_thread::get_id());
}

TEST(Blocking, TellsWhetherWhatWasSubmittedIsDone) {
    BlockingThreads threads(1);
    EXPECT_TRUE(threads.idle_within(Duration::zero()));
    std::promise<void> answer;
    threads.submit([&] { answer.get_future().wait(); });
    EXPECT_FALSE(threads.idle_within(milliseconds(1)));
    answer.set_value();
    EXPECT_TRUE(threads.idle_within(seconds(60)));
}

TEST(Blocking, DoesWhatWasSubmittedBeforeItEnds) {
    std::atomic<int> done = 0;
    {
        BlockingThreads threads(2);
        for (int i = 0; i < 100; ++i)
            threads.submit([&] { ++done; });
    }
    EXPECT_EQ(done, 100);
}

TEST(VirtualLoop, MovesTheTimeOnlyToTheNextTimer) {
    VirtualLoop loop;
    const auto start = loop.now();
    std::vector<Duration> times;
    loop.call_at(start + seconds(5), [&] { times.push_back(loop.now() - start); });
    loop.call_at(start + seconds(2), [&] { times.push_back(loop.now() - start); });
    loop.run_for(seconds(10));
    EXPECT_EQ(times, (std::vector<Duration>{seconds(2), seconds(5)}));
    EXPECT_EQ(loop.now() - start, seconds(10));
}

TEST(VirtualLoop, DoesAllPostedWorkBeforeTimePasses) {
    VirtualLoop loop;
    const auto start = loop.now();
    std::vector<int> order;
    loop.call_at(start + milliseconds(1), [&] { order.push_back(3); });
    loop.post([&] {
        order.push_back(1);
        loop.post([&] {
            order.push_back(2);
            EXPECT_EQ(loop.now(), start);
        });
    });
    loop.run_for(seconds(1));
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

}  // namespace
}  // namespace virtlight::async
