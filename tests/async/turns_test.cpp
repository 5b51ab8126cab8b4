// SPDX-License-Identifier: LGPL-2.1-or-later
#include "async/turns.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/virtual_loop.hpp"

namespace virtlight::async {
namespace {

class TurnsTest : public testing::Test {
 protected:
    using Answer = std::shared_ptr<std::optional<Turns::Turn>>;

    Answer ask(CancelToken cancel = {}) {
        const auto answer = std::make_shared<std::optional<Turns::Turn>>();
        const auto take = [](Turns& from, CancelToken token, Answer to) -> Task<> {
            *to = co_await from.take(std::move(token));
        };
        scope.spawn(take(turns, std::move(cancel), answer));
        return answer;
    }
    void settle() { loop.run_for(milliseconds(1)); }

    VirtualLoop loop;
    Scope scope;
    Turns turns{loop};
};

TEST_F(TurnsTest, AreTakenOneAfterTheOtherInTheOrderOfAsking) {
    const auto first = ask();
    const auto second = ask();
    const auto third = ask();
    ASSERT_TRUE(*first && **first);
    EXPECT_FALSE(*second || *third);
    first->reset();
    settle();
    ASSERT_TRUE(*second && **second);
    EXPECT_FALSE(*third);
    second->reset();
    settle();
    ASSERT_TRUE(*third && **third);
    third->reset();
    settle();
    EXPECT_TRUE(*ask());
}

TEST_F(TurnsTest, PassOverOneThatIsCancelled) {
    const auto first = ask();
    CancelSource cancel;
    const auto second = ask(cancel.token());
    const auto third = ask();
    cancel.cancel();
    ASSERT_TRUE(*second);
    EXPECT_FALSE(**second) << "it has none";
    first->reset();
    settle();
    ASSERT_TRUE(*third && **third);
    EXPECT_EQ(turns.waiting(), 0u);
    const auto late = ask(cancel.token());
    ASSERT_TRUE(*late);
    EXPECT_FALSE(**late);
}

TEST_F(TurnsTest, GoOnWhenOneWhoWaitsIsGone) {
    const auto first = ask();
    ask();
    scope.drop();
    first->reset();
    settle();
    const auto next = ask();
    settle();
    ASSERT_TRUE(*next && **next);
}

}  // namespace
}  // namespace virtlight::async
