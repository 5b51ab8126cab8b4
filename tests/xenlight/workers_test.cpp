// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/workers.hpp"

#include <future>

#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/virtual_loop.hpp"
#include "xenlight/fake_xen.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using Loan = Workers::Loan;

/// Nothing is asked of the contexts here; only who has them matters.
class WorkersTest : public testing::Test {
 protected:
    void SetUp() override { fake_xen::Xen::get().reset(); }
    void TearDown() override { link->cut(); }

    using Answer = std::shared_ptr<std::optional<Result<Loan>>>;

    Answer borrow(async::CancelToken cancel = {}) {
        const auto answer = std::make_shared<std::optional<Result<Loan>>>();
        const auto take = [](Workers& from, async::CancelToken token, Answer to) -> Task<> {
            *to = co_await from.borrow(std::move(token));
        };
        scope.spawn(take(workers, std::move(cancel), answer));
        return answer;
    }
    void settle() { core.run_for(milliseconds(1)); }

    async::VirtualLoop core;
    async::Scope scope;
    std::shared_ptr<CoreLink> link = std::make_shared<CoreLink>(core);
    Workers workers{"work", 2, core, link};
};

TEST_F(WorkersTest, LendEachContextToOneAtATime) {
    const auto first = borrow();
    const auto second = borrow();
    ASSERT_TRUE(*first && *second);
    EXPECT_NE(**first, **second);
    EXPECT_EQ(workers.free(), 0);
    first->reset();
    settle();
    EXPECT_EQ(workers.free(), 1);
}

TEST_F(WorkersTest, ServeThoseWhoWaitInTheOrderOfAsking) {
    const auto first = borrow();
    const auto second = borrow();
    const auto third = borrow();
    const auto fourth = borrow();
    EXPECT_FALSE(*third);
    first->reset();
    settle();
    EXPECT_TRUE(*third);
    EXPECT_FALSE(*fourth);
    third->reset();
    settle();
    EXPECT_TRUE(*fourth);
}

TEST_F(WorkersTest, PassOverOneThatIsCancelled) {
    const auto first = borrow();
    const auto second = borrow();
    async::CancelSource cancel;
    const auto third = borrow(cancel.token());
    const auto fourth = borrow();
    cancel.cancel();
    ASSERT_TRUE(*third);
    EXPECT_EQ((**third).error().reason, Reason::cancelled);
    first->reset();
    settle();
    EXPECT_TRUE(*fourth);
}

TEST_F(WorkersTest, RefuseTooManyWhoWait) {
    const auto first = borrow();
    const auto second = borrow();
    std::vector<Answer> waiting;
    for (std::size_t i = 0; i < limits::waiting_operations; ++i)
        waiting.push_back(borrow());
    const auto refused = borrow();
    ASSERT_TRUE(*refused);
    EXPECT_EQ((**refused).error().reason, Reason::too_many);
    for (auto& each : waiting) {
        first->reset();
        second->reset();
        settle();
        ASSERT_TRUE(*each);
        each->reset();
    }
    settle();
}

/// As in a file of a server that is gone.
TEST_F(WorkersTest, DoNotLendAContextWhoseThreadHangs) {
    using Hung = std::optional<Result<bool>>;
    const auto hang = [](Loan loan, std::shared_future<void> comes_back, Hung& answer) -> Task<> {
        answer = co_await call(std::move(loan), [comes_back](Context&) {
            comes_back.wait();
            return Result<bool>(true);
        });
    };
    std::promise<void> comes_back;
    const auto first = borrow();
    Hung answer;
    scope.spawn(hang(**std::exchange(*first, std::nullopt), comes_back.get_future().share(), answer));
    core.run_for(limits::libxl_answer);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().reason, Reason::timed_out);
    EXPECT_EQ(workers.free(), 1);
    link->cut();
    comes_back.set_value();
}

}  // namespace
}  // namespace virtlight::xenlight
