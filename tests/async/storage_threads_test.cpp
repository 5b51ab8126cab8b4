// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/storage_threads.hpp"

#include <atomic>
#include <future>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "async/bounded.hpp"
#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "base/limits.hpp"

namespace virtlight::async {
namespace {

TEST(StorageThreads, DoWhatWasSubmittedBeforeTheyEnd) {
    std::atomic<int> done = 0;
    {
        StorageThreads threads(4);
        for (int i = 0; i < 100; ++i)
            threads.submit([&done] { ++done; });
    }
    EXPECT_EQ(done, 100);
}

TEST(StorageThreads, AreAsManyAsAreHeldAndOneMore) {
    std::promise<void> answer;
    const auto storage = answer.get_future().share();
    StorageThreads threads(9);
    for (int i = 0; i < 8; ++i)
        threads.submit([storage] { storage.wait(); });
    std::promise<void> done;
    threads.submit([&done] { done.set_value(); });
    done.get_future().wait();
    answer.set_value();
}

TEST(StorageThreads, AreNoMoreThanTheirLimit) {
    std::promise<void> answer;
    const auto storage = answer.get_future().share();
    std::atomic<int> at_once = 0;
    std::atomic<int> most = 0;
    {
        StorageThreads threads(2);
        for (int i = 0; i < 8; ++i)
            threads.submit([&] {
                if (const int now = ++at_once; now > most) most = now;
                storage.wait();
                --at_once;
            });
        answer.set_value();
    }
    EXPECT_LE(most, 2);
}

class Bounded : public testing::Test {
 protected:
    std::shared_ptr<std::optional<Result<int>>> wait_for(Completion<Result<int>> awaited,
                                                         CancelToken cancel = {}) {
        const auto got = std::make_shared<std::optional<Result<int>>>();
        const auto run = [](Scheduler& scheduler, Completion<Result<int>> of, CancelToken unless,
                            std::shared_ptr<std::optional<Result<int>>> to) -> Task<> {
            *to = co_await bounded(scheduler, of, seconds(10), {Reason::timed_out, "late"}, unless);
        };
        scope.spawn(run(loop, std::move(awaited), std::move(cancel), got));
        return got;
    }

    VirtualLoop loop;
    Scope scope;
    Completion<Result<int>> answer;
};

TEST_F(Bounded, IsTheAnswerThatComesInTime) {
    const auto got = wait_for(answer);
    answer.set(7);
    ASSERT_TRUE(*got);
    EXPECT_EQ(**got, 7);
}

TEST_F(Bounded, IsLateWhenTheAnswerIs) {
    const auto got = wait_for(answer);
    loop.run_for(seconds(10) - milliseconds(1));
    EXPECT_FALSE(*got);
    loop.run_for(milliseconds(1));
    ASSERT_TRUE(*got);
    EXPECT_EQ((**got).error().message, "late");
    EXPECT_TRUE(answer.is_set()) << "so that a late answer is known for one";
}

TEST_F(Bounded, EndsWhenItIsCancelledAlsoBefore) {
    CancelSource cancel;
    const auto got = wait_for(answer, cancel.token());
    cancel.cancel();
    ASSERT_TRUE(*got);
    EXPECT_EQ((**got).error().reason, Reason::cancelled);
    const auto at_once = wait_for({}, cancel.token());
    ASSERT_TRUE(*at_once);
    EXPECT_EQ((**at_once).error().reason, Reason::cancelled);
}

}  // namespace
}  // namespace virtlight::async
