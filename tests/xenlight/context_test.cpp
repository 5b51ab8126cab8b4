// SPDX-License-Identifier: LGPL-2.1-or-later
// The true libxl on a context of ours, with a loop that the test drives and a Xen in memory.
#include "xenlight/context.hpp"

#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xenlight/fake_xen.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

using fake_xen::Xen;
using hypervisor::DomId;
using hypervisor::LifeId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ContextTest : public testing::Test {
 protected:
    void SetUp() override {
        xen.reset();
        xen.add({.domid = 5}, "guest");
        auto opened = Context::open(loop, "test");
        ASSERT_TRUE(opened);
        context = std::move(*opened);
    }

    /// How an operation ended; fails the test if it ends twice.
    struct Outcome {
        std::optional<Result<Ended>> end;

        Operations::Done taker() {
            return [this](Result<Ended> ended) {
                EXPECT_FALSE(end.has_value()) << "ended twice";
                end = std::move(ended);
            };
        }
        int rc() const { return end && *end ? (*end)->rc : 1; }
    };

    AoId start(Outcome& outcome, DomId domid, int (*function)(libxl_ctx*, DomId, const libxl_asyncop_how*)) {
        const auto id = ids.next();
        context->operations().start(
            id, domid,
            [=](libxl_ctx* ctx, const libxl_asyncop_how* how) { return function(ctx, domid, how); },
            outcome.taker());
        return id;
    }
    AoId shut_down(Outcome& outcome) { return start(outcome, 5, libxl_domain_shutdown); }

    Xen& xen = Xen::get();
    test::PollLoop loop;
    std::unique_ptr<Context> context;
    IdSource<struct AoTag> ids;
};

TEST_F(ContextTest, LeavesNothingInTheLoop) {
    Outcome outcome;
    shut_down(outcome);
    EXPECT_GT(loop.watches(), 0);
    xen.write(fake_xen::shutdown_request, "");
    loop.run_for(seconds(1));
    context.reset();
    EXPECT_EQ(loop.watches(), 0);
}

TEST_F(ContextTest, KnowsADomainByItsUuid) {
    const auto uuid = Uuid{.bytes = {1, 2, 3}};
    const auto another = Uuid{.bytes = {4}};
    xen.change(5, [&](fake_xen::Domain& domain) { domain.uuid = uuid; });
    EXPECT_EQ(context->has("look", 5, uuid), Result<bool>(true));
    EXPECT_EQ(context->has("look", 5, another), Result<bool>(false)) << "its domid was given again";
    EXPECT_EQ(context->has("look", 6, uuid), Result<bool>(false)) << "there is none";
    xen.change(5, [](fake_xen::Domain& domain) { domain.dying = true; });
    EXPECT_EQ(context->has("look", 5, uuid), Result<bool>(false)) << "it is dying";
}

TEST_F(ContextTest, DoesNotTakeADomainForGoneWhenXenDoesNotTell) {
    xen.tells_of_domains = false;
    const auto has = context->has("look for domain 5", 5, {});
    ASSERT_FALSE(has);
    EXPECT_THAT(has.error().message, HasSubstr("look for domain 5"));
    EXPECT_FALSE(has.error().details.empty()) << "what libxl says about it";
}

TEST_F(ContextTest, EndsARequestWhenTheGuestAcknowledges) {
    Outcome outcome;
    shut_down(outcome);
    loop.run_for(seconds(1));
    EXPECT_FALSE(outcome.end);
    EXPECT_EQ(xen.read(fake_xen::shutdown_request), "poweroff");
    xen.write(fake_xen::shutdown_request, "");
    loop.run_for(seconds(1));
    EXPECT_EQ(outcome.rc(), 0);
    EXPECT_EQ(context->operations().in_flight(), 0);
}

TEST_F(ContextTest, EndsARequestAfterAMinuteIfTheGuestIsSilent) {
    Outcome outcome;
    shut_down(outcome);
    loop.run_for(milliseconds(59'900));
    EXPECT_FALSE(outcome.end);
    loop.run_for(milliseconds(200));
    EXPECT_EQ(outcome.rc(), ERROR_TIMEDOUT);
    EXPECT_THAT((*outcome.end)->lines, testing::Contains(HasSubstr("guest didn't acknowledge")));
}

TEST_F(ContextTest, EndsAnAbortedRequestOnce) {
    Outcome outcome;
    const auto id = shut_down(outcome);
    loop.run_for(seconds(1));
    context->operations().abort(id);
    EXPECT_EQ(outcome.rc(), ERROR_ABORTED);
    context->operations().abort(id);
    loop.run_for(seconds(120));
}

/// libxl gives the memory of a timeout to the next one when it is told that the first came. Told twice, it
/// would end the next operation in place of the first.
TEST_F(ContextTest, DoesNotEndAnOperationByTheTimeoutOfAnother) {
    Outcome first;
    const auto id = shut_down(first);
    context->operations().abort(id);  // hurries the timeout twice
    Outcome second;
    loop.run_for(seconds(1));
    shut_down(second);
    loop.run_for(seconds(58));
    EXPECT_FALSE(second.end);
    Outcome third;
    shut_down(third);
    loop.run_for(seconds(3));
    EXPECT_EQ(second.rc(), ERROR_TIMEDOUT);
    EXPECT_FALSE(third.end);
    xen.write(fake_xen::shutdown_request, "");
    loop.run_for(seconds(1));
    EXPECT_EQ(third.rc(), 0);
}

TEST_F(ContextTest, TellsACompletionThatComesBeforeTheCallReturnsOnlyOutsideLibxl) {
    std::optional<int> exists;
    Outcome outcome;
    context->operations().start(
        ids.next(), 5,
        [&](libxl_ctx* ctx, const libxl_asyncop_how* how) {
            const int rc = libxl_domain_pause(ctx, 5, how);  // calls back from inside
            EXPECT_FALSE(outcome.end);
            return rc;
        },
        [&, take = outcome.taker()](Result<Ended> ended) mutable {
            // Entering libxl from inside libxl would stop the program here.
            exists = context->enter([](libxl_ctx* ctx) { return libxl_domain_info(ctx, nullptr, 5); });
            take(std::move(ended));
        });
    EXPECT_EQ(outcome.rc(), 0);
    EXPECT_EQ(exists, 0);
    EXPECT_EQ(xen.domains().back().pauses, 1);
}

TEST_F(ContextTest, EndsAnOperationThatFailsAtOnceWithLibxlsReason) {
    Outcome outcome;
    start(outcome, 77, libxl_domain_pause);
    EXPECT_EQ(outcome.rc(), ERROR_FAIL);
    EXPECT_THAT((*outcome.end)->lines, ElementsAre(HasSubstr("Domain 77:Pausing domain: No such process")));
    EXPECT_EQ(context->operations().in_flight(), 0);
}

TEST_F(ContextTest, KeepsTheParametersOfAnOperationUntilItsEnd) {
    const auto parameter = std::make_shared<int>(1);
    Outcome outcome;
    context->operations().start(
        ids.next(), 5,
        [parameter](libxl_ctx* ctx, const libxl_asyncop_how* how) {
            return libxl_domain_shutdown(ctx, 5, how);
        },
        outcome.taker());
    EXPECT_EQ(parameter.use_count(), 2);
    xen.write(fake_xen::shutdown_request, "");
    loop.run_for(seconds(1));
    EXPECT_EQ(parameter.use_count(), 1);
}

/// libxl crashes when it cleans up after a hook that refused.
TEST_F(ContextTest, EndsARequestByItsTimeoutWhenTheDescriptorCannotBeWatched) {
    loop.refuse_watches = true;
    Outcome outcome;
    shut_down(outcome);
    loop.run_for(milliseconds(59'900));
    EXPECT_FALSE(outcome.end);
    loop.run_for(milliseconds(200));
    EXPECT_EQ(outcome.rc(), ERROR_TIMEDOUT);
}

TEST_F(ContextTest, ReportsTheShutdownAndTheDeathOfALifeByItsId) {
    std::vector<LifeId> reported;
    context->on_domain_event([&](LifeId life) { reported.push_back(life); });
    ASSERT_TRUE(context->deaths().follow(LifeId{1234}, 5));
    loop.run_for(seconds(1));
    EXPECT_THAT(reported, IsEmpty());
    xen.change(5, [](fake_xen::Domain& domain) { domain.shutdown = true; });
    xen.fire("@releaseDomain");
    loop.run_for(seconds(1));
    EXPECT_THAT(reported, ElementsAre(LifeId{1234}));
    xen.remove(5);
    xen.fire("@releaseDomain");
    loop.run_for(seconds(1));
    EXPECT_THAT(reported, ElementsAre(LifeId{1234}, LifeId{1234}));
}

TEST_F(ContextTest, ReportsNothingOfALifeThatIsNoLongerFollowed) {
    std::vector<LifeId> reported;
    context->on_domain_event([&](LifeId life) { reported.push_back(life); });
    xen.add({.domid = 6}, "other");
    ASSERT_TRUE(context->deaths().follow(LifeId{1}, 5));
    ASSERT_TRUE(context->deaths().follow(LifeId{2}, 6));
    context->deaths().unfollow(LifeId{1});
    context->deaths().unfollow(LifeId{99});
    xen.remove(5);
    xen.remove(6);
    xen.fire("@releaseDomain");
    loop.run_for(seconds(1));
    EXPECT_THAT(reported, ElementsAre(LifeId{2}));
}

TEST_F(ContextTest, FailsItsOperationsWhenXenstoredDies) {
    int broke = 0;
    context->on_break_down([&] { ++broke; });
    Outcome outcome;
    shut_down(outcome);
    loop.serve_descriptors();
    EXPECT_FALSE(context->broken());
    xen.kill_xenstored();
    for (int i = 0; i < 10; ++i)
        loop.serve_descriptors();
    EXPECT_EQ(broke, 1);
    ASSERT_TRUE(outcome.end && !*outcome.end);
    EXPECT_EQ(outcome.end->error().reason, Reason::operation_failed);
    EXPECT_THAT(outcome.end->error().message, HasSubstr("libxl broke down ("));
    ASSERT_TRUE(context->broken());
}

TEST_F(ContextTest, IsLeftBehindCutOffFromTheLoopIfOperationsAreInFlight) {
    const auto parameter = std::make_shared<int>(1);
    context->operations().start(
        ids.next(), 5,
        [parameter](libxl_ctx* ctx, const libxl_asyncop_how* how) {
            return libxl_domain_shutdown(ctx, 5, how);
        },
        [](Result<Ended>) { ADD_FAILURE() << "told by a context that is gone"; });
    context.reset();
    EXPECT_EQ(loop.watches(), 0);
    loop.run_for(seconds(120));
}

TEST(Xenstore, ReportsManyChangesOnce) {
    auto& xen = Xen::get();
    xen.reset();
    test::PollLoop loop;
    int births = 0;
    int deaths = 0;
    Xenstore store(loop);
    ASSERT_TRUE(store.watch("@introduceDomain", [&] { ++births; }));
    ASSERT_TRUE(store.watch("@releaseDomain", [&] { ++deaths; }));
    loop.run_for(seconds(1));
    EXPECT_EQ(births, 1);  // a watch reports at once when it is set
    EXPECT_EQ(deaths, 1);
    xen.fire("@introduceDomain");
    xen.fire("@introduceDomain");
    loop.run_for(seconds(1));
    EXPECT_EQ(births, 2);
    EXPECT_EQ(deaths, 1);
}

TEST(Xenstore, SaysNothingOfWhatIsNotWatchedAnyMore) {
    auto& xen = Xen::get();
    xen.reset();
    test::PollLoop loop;
    int changes = 0;
    Xenstore store(loop);
    ASSERT_TRUE(store.watch("@introduceDomain", [&] { ++changes; }));
    loop.run_for(seconds(1));
    xen.fire("@introduceDomain");
    store.unwatch("@introduceDomain");
    xen.fire("@introduceDomain");
    loop.run_for(seconds(1));
    EXPECT_EQ(changes, 1);
}

TEST(Xenstore, KnowsWhetherXenstoredAnswers) {
    auto& xen = Xen::get();
    xen.reset();
    test::PollLoop loop;
    Xenstore store(loop);
    EXPECT_TRUE(store.check());
    xen.kill_xenstored();
    EXPECT_FALSE(store.check());
}

TEST(Xenstore, SaysThatXenstoredIsNotThere) {
    auto& xen = Xen::get();
    xen.reset();
    xen.kill_xenstored();
    test::PollLoop loop;
    Xenstore store(loop);
    EXPECT_FALSE(store.open());
    EXPECT_EQ(store.read("/local/domain/0/name"), std::nullopt);
}

}  // namespace
}  // namespace virtlight::xenlight
