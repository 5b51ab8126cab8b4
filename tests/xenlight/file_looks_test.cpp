// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/file_looks.hpp"

#include <future>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/scope.hpp"
#include "async/storage_threads.hpp"
#include "async/virtual_loop.hpp"
#include "xenlight/dead_storage.hpp"

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
        look(hanging(), fmt::format("/dead/{}", i / limits::file_looks_at_place));
    const auto refused = look(hanging());
    ASSERT_TRUE(*refused);
    EXPECT_EQ((**refused).error().reason, Reason::too_many);
}

Task<> identify(FileLooks& looks, std::vector<std::string> paths, async::CancelToken cancel,
                std::optional<FileLooks::Identities>& to) {
    to = co_await looks.identify(std::move(paths), std::move(cancel));
}

class WaitingFileLooks : public testing::Test {
 protected:
    using Answer = std::shared_ptr<std::optional<Result<bool>>>;

    ~WaitingFileLooks() override { scope.drop(); }

    Answer look(std::string place) {
        const auto answer = std::make_shared<std::optional<Result<bool>>>();
        const auto run = [](FileLooks& with, std::string where, Answer to) -> Task<> {
            *to = co_await with.look(std::move(where), [] { return Result<bool>(true); });
        };
        scope.spawn(run(looks, std::move(place), answer));
        return answer;
    }
    void identify_all(std::vector<std::string> paths) {
        scope.spawn(identify(looks, std::move(paths), cancel.token(), identities));
    }
    void end_one() {
        storage.end_one();
        core.run_for(Duration::zero());
    }

    async::CancelSource cancel;
    std::optional<FileLooks::Identities> identities;
    async::VirtualLoop core;
    DeadStorage storage;
    FileLooks looks{core, std::make_shared<CoreLink>(core), storage};
    async::Scope scope;
};

TEST_F(WaitingFileLooks, AreNotBegunAnyMoreWhenTheirTimeIsOver) {
    look("/dead");
    const auto late = look("/dead");
    core.run_for(limits::file_look);
    ASSERT_TRUE(*late);
    EXPECT_EQ((**late).error().reason, Reason::timed_out);
    end_one();
    EXPECT_EQ(storage.begun(), 0u);
}

TEST_F(WaitingFileLooks, MakeWayForThoseBehindThemWhenNobodyWantsThem) {
    look("/dead");
    identify_all({"/dead/disk"});
    const auto behind = look("/dead");
    cancel.cancel();
    core.run_for(Duration::zero());
    ASSERT_TRUE(identities);
    end_one();
    EXPECT_EQ(storage.begun(), 1u);
    end_one();
    ASSERT_TRUE(*behind);
    EXPECT_TRUE(**behind);
}

TEST_F(WaitingFileLooks, GoWithWhoAsked) {
    look("/dead");
    look("/dead");
    identify_all({"/dead/one", "/dead/two"});
    scope.drop();
    end_one();
    EXPECT_EQ(storage.begun(), 0u);
}

TEST_F(WaitingFileLooks, LeaveTheirRoomToOthersWhenTheirTimeIsOver) {
    for (std::size_t i = 0; i < limits::file_looks; ++i)
        look(fmt::format("/dead/{}", i / limits::file_looks_at_place));
    core.run_for(limits::file_look);
    const auto begun = storage.begun();
    EXPECT_FALSE(*look("/srv"));
    EXPECT_EQ(storage.begun(), begun + 1);
}

TEST_F(WaitingFileLooks, AreRefusedAtAPlaceThatHasManyAndNotAtOthers) {
    for (std::size_t i = 0; i < limits::file_looks; ++i)
        look("/dead");
    const auto refused = look("/dead");
    ASSERT_TRUE(*refused);
    EXPECT_EQ((**refused).error().reason, Reason::too_many);
    EXPECT_THAT((**refused).error().message, testing::HasSubstr("'/dead'"));
    EXPECT_FALSE(*look("/srv"));
    EXPECT_EQ(storage.begun(), 2u);
}

TEST_F(WaitingFileLooks, OfOneWhoAsksForManyFilesAreNotTooMany) {
    identify_all(std::vector<std::string>(limits::file_looks + 2, "/no/such/disk"));
    while (storage.begun() > 0)
        end_one();
    ASSERT_TRUE(identities);
    EXPECT_THAT(*identities,
                testing::Each(testing::Truly([](const auto& file) { return file.has_value(); })));
}

TEST_F(WaitingFileLooks, OfOneWhoAsksForManyFilesLetOthersBetweenThem) {
    identify_all(std::vector<std::string>(5, "/no/such/disk"));
    const auto other = look("/no/such");
    end_one();
    end_one();
    EXPECT_TRUE(*other);
    EXPECT_FALSE(identities);
}

TEST(PlaceOfIdentity, IsALoopDeviceOrTheFolderOfAName) {
    EXPECT_EQ(place_of_identity("/dev/loop3"), "/dev/loop3") << "what it shows may hang";
    EXPECT_EQ(place_of_identity("/dev/vg/root"), "/dev/vg");
    EXPECT_EQ(place_of_identity("/srv/disk.img"), "/srv");
}

TEST(PlaceOfData, IsADeviceThatMayHangAloneOrTheFolderOfAFile) {
    EXPECT_EQ(place_of_data("/dev/mapper/lun"), "/dev/mapper/lun");
    EXPECT_EQ(place_of("/dev/mapper/lun"), "/dev/mapper") << "that there is one can always be looked at";
    EXPECT_EQ(place_of_data("/srv/disk"), "/srv");
}

class ManyFileLooks : public testing::TestWithParam<std::vector<std::string>> {
 protected:
    ManyFileLooks() { scope.spawn(identify(looks, GetParam(), cancel.token(), answers)); }

    void expect_all(Reason reason) {
        ASSERT_TRUE(answers);
        EXPECT_EQ(answers->size(), GetParam().size());
        for (const auto& answer : *answers) {
            ASSERT_FALSE(answer);
            EXPECT_EQ(answer.error().reason, reason);
        }
    }

    async::CancelSource cancel;
    std::optional<FileLooks::Identities> answers;
    async::VirtualLoop core;
    DeadStorage storage;
    FileLooks looks{core, std::make_shared<CoreLink>(core), storage};
    async::Scope scope;
};

TEST_P(ManyFileLooks, EndTogetherAsSoonAsOneWould) {
    core.run_for(limits::file_look - milliseconds(1));
    EXPECT_FALSE(answers);
    core.run_for(milliseconds(2));
    expect_all(Reason::timed_out);
}

TEST_P(ManyFileLooks, EndAtOnceWhenNobodyWantsThem) {
    core.run_for(seconds(1));
    cancel.cancel();
    core.run_for(Duration::zero());
    expect_all(Reason::cancelled);
}

INSTANTIATE_TEST_SUITE_P(
    , ManyFileLooks,
    testing::Values(std::vector<std::string>{"/dead/a", "/dead/b", "/dead/c", "/dead/d", "/dead/e"},
                    std::vector<std::string>{"/a/disk", "/b/disk", "/c/disk", "/d/disk", "/e/disk"}),
    [](const auto& paths) { return std::string(paths.index == 0 ? "InOneFolder" : "InFive"); });

}  // namespace
}  // namespace virtlight::xenlight
