// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/file_looks.hpp"

#include <future>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/storage_threads.hpp"
#include "async/virtual_loop.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;

/// Files that do not answer until the test has ended. What comes of the looks then is not heard any more, as
/// a virtual loop has one thread.
class FileLooksTest : public testing::Test {
 protected:
    using Answer = std::shared_ptr<std::optional<Result<bool>>>;
    using Look = std::function<Result<bool>()>;

    void TearDown() override {
        link->cut();
        core.run_for(limits::file_look);
        end.set_value();
    }

    Look hanging() {
        return [ended = ended] {
            ended.wait();
            return Result<bool>(true);
        };
    }
    Answer look(Look function, std::string place = "/srv") {
        const auto answer = std::make_shared<std::optional<Result<bool>>>();
        const auto run = [](FileLooks& looks, std::string where, Look what, Answer to) -> Task<> {
            *to = co_await looks.look(std::move(where), std::move(what));
        };
        scope.spawn(run(looks, std::move(place), std::move(function), answer));
        return answer;
    }

    std::promise<void> end;
    std::shared_future<void> ended = end.get_future().share();
    async::VirtualLoop core;
    async::Scope scope;
    std::shared_ptr<CoreLink> link = std::make_shared<CoreLink>(core);
    async::StorageThreads threads{limits::storage_threads};
    FileLooks looks{core, link, threads};
};

TEST_F(FileLooksTest, EndForWhoAskedAlthoughTheStorageDoesNotAnswer) {
    const auto answer = look(hanging());
    core.run_for(limits::file_look - milliseconds(1));
    EXPECT_FALSE(*answer);
    core.run_for(milliseconds(1));
    ASSERT_TRUE(*answer);
    ASSERT_FALSE(**answer);
    EXPECT_EQ((**answer).error().reason, Reason::timed_out);
}

TEST_F(FileLooksTest, HoldUpNoLooksAtOtherPlacesHoweverManyThereAre) {
    for (int i = 0; i < 100; ++i)
        look(hanging(), "/dead");
    std::promise<void> looked;
    look([&looked] {
        looked.set_value();
        return Result<bool>(true);
    });
    EXPECT_EQ(looked.get_future().wait_for(seconds(60)), std::future_status::ready);
    link->cut();
}

TEST_F(FileLooksTest, AreRefusedAtOnceWhereAnEarlierOneHasNotEndedInTime) {
    look(hanging(), "/dead");
    core.run_for(limits::file_look + milliseconds(1));
    const auto refused = look(hanging(), "/dead");
    ASSERT_TRUE(*refused);
    EXPECT_EQ((**refused).error().reason, Reason::timed_out);
    EXPECT_THAT((**refused).error().message, testing::HasSubstr("'/dead'"));
}

TEST_F(FileLooksTest, AreRefusedWhenTooManyHaveNotEnded) {
    for (std::size_t i = 0; i < limits::file_looks; ++i)
        look(hanging(), "/dead");
    const auto refused = look(hanging());
    ASSERT_TRUE(*refused);
    EXPECT_EQ((**refused).error().reason, Reason::too_many);
}

}  // namespace
}  // namespace virtlight::xenlight
