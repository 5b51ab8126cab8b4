// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JobsOfADomain : public ::testing::Test, protected World {};

TEST_F(JobsOfADomain, RunInTheOrderInWhichTheyWereAskedFor) {
    const auto guest = running("web");
    xen.hold("pause");
    const auto suspending = begin(manager->suspend(guest.uuid));
    const auto resuming = begin(manager->resume(guest.uuid));
    settle();
    EXPECT_EQ(xen.count("pause"), 1u);
    EXPECT_EQ(xen.count("unpause"), 1u) << "that of the start";
    xen.release("pause");
    EXPECT_TRUE(end_of(resuming));
    EXPECT_TRUE(**suspending);
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0"));
}

TEST_F(JobsOfADomain, AreJudgedByTheStateOfTheirTurn) {
    const auto guest = defined("web");
    const auto starting = begin(manager->start(guest.uuid, {}));
    const auto suspending = begin(manager->suspend(guest.uuid));
    const auto again = begin(manager->start(guest.uuid, {}));
    EXPECT_TRUE(end_of(starting));
    EXPECT_TRUE(end_of(suspending));
    EXPECT_EQ(end_of(again).error().reason, Reason::invalid_state);
}

TEST_F(JobsOfADomain, AreBoundedAndADestroyIsStillServed) {
    const auto guest = running("web");
    xen.hold("shutdown");
    std::vector<Pending<Result<>>> asked;
    for (std::size_t i = 0; i <= limits::jobs_per_domain; ++i)
        asked.push_back(begin(manager->shutdown(guest.uuid, {})));
    settle();
    const auto one_more = end_of(manager->suspend(guest.uuid));
    ASSERT_FALSE(one_more);
    EXPECT_EQ(one_more.error().reason, Reason::too_many);
    EXPECT_THAT(one_more.error().message,
                HasSubstr("32 operations on it wait already; virtlight jobs tells"));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    for (const auto& pending : asked)
        EXPECT_FALSE(pending->value());
    EXPECT_EQ(asked.front()->value().error().reason, Reason::cancelled) << "it ran";
    EXPECT_EQ(asked.back()->value().error().reason, Reason::invalid_state) << "it waited";
    EXPECT_EQ(asked.back()->value().error().message,
              "cannot shut down domain 'web': the domain is being destroyed");
}

TEST_F(JobsOfADomain, ThatADestroyHasMadePointlessEndAtOnce) {
    const auto guest = running("web");
    xen.hold("shutdown");
    xen.hold("pause");
    xen.hold("destroy");
    const auto running_one = begin(manager->shutdown(guest.uuid, {}));
    const auto waiting = begin(manager->suspend(guest.uuid));
    const auto defining = begin(manager->define(guest));
    const auto destroying = begin(manager->destroy(guest.uuid));
    settle();
    EXPECT_TRUE(running_one->has_value());
    EXPECT_TRUE(waiting->has_value());
    EXPECT_FALSE(defining->has_value()) << "its turn comes after the destroy";
    xen.release("destroy");
    EXPECT_TRUE(end_of(destroying));
    EXPECT_TRUE(end_of(defining));
}

TEST_F(JobsOfADomain, HaveTheirTurnBesideARequestWhenTheOneBeforeThemHasWaitedForTooLong) {
    const auto guest = running("web");
    xen.hold("pause");
    xen.hold("reboot");
    begin(manager->suspend(guest.uuid));
    for (int i = 0; i < 8; ++i)
        begin(manager->reboot(guest.uuid));
    const auto saving = begin(manager->save(guest.uuid, "/tmp/web.save", {}));
    loop.run_for(limits::pause_deadline - seconds(10));
    xen.release("pause");
    loop.run_for(limits::turn_wait / 2);
    const auto setting = begin(manager->set_memory(guest.uuid, 32 * 1024, {}));
    loop.run_for(limits::turn_wait / 2 - limits::pause_deadline + seconds(9));
    EXPECT_FALSE(setting->has_value());
    loop.run_for(seconds(2));
    ASSERT_TRUE(saving->has_value());
    EXPECT_THAT(saving->value().error().message, HasSubstr("its turn has not come"));
    EXPECT_TRUE(setting->has_value()) << "the last request still waits for the guest";
    EXPECT_EQ(xen.count("reboot"), 8u);
}

TEST_F(JobsOfADomain, AreDoneWhileItsGuestDoesNotAnswerARequest) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {.paused = true})).value();
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    EXPECT_TRUE(end_of(manager->set_memory(guest.uuid, 1024, {.guest = true})));
    EXPECT_TRUE(end_of(manager->resume(guest.uuid))) << "only now it can answer";
    EXPECT_FALSE(asking->has_value());
    EXPECT_EQ(manager->job(guest.uuid)->state, JobReport::State::running);
    xen.release("shutdown");
    EXPECT_TRUE(end_of(asking));
}

// What is told of them

TEST_F(JobsOfADomain, TellWhatTheyWaitForWhoAskedForThemAndHowLongTheyMayTake) {
    const auto guest = running("web");
    xen.hold("shutdown");
    {
        const Manager::Asking asking(*manager, "pid 7 (virsh), uid 0");
        begin(manager->shutdown(guest.uuid, {}));
    }
    begin(manager->shutdown(guest.uuid, {}));
    loop.run_for(seconds(3));
    const auto job = manager->job(guest.uuid).value();
    EXPECT_EQ(job.verb, "shut down");
    EXPECT_EQ(job.phase, "asking the guest");
    EXPECT_EQ(job.client, "pid 7 (virsh), uid 0");
    EXPECT_EQ(job.left, limits::request_deadline - seconds(3));
    EXPECT_EQ(job.waiting, 1u);
    xen.release("shutdown");
    settle();
    EXPECT_EQ(manager->job(guest.uuid)->id, 0u);
}

TEST_F(JobsOfADomain, ThatHaveSeveralPhasesTellOfEach) {
    const auto guest = defined("web");
    const auto phase = [&] { return manager->job(guest.uuid)->phase; };
    const std::pair<std::string, std::string> of_a_start[] = {{"create", "building the guest"},
                                                              {"unpause", "letting the guest run"}};
    for (const auto& [call, words] : of_a_start)
        xen.hold(call);
    begin(manager->start(guest.uuid, {}));
    for (const auto& [call, words] : of_a_start) {
        settle();
        EXPECT_EQ(phase(), words);
        xen.release(call);
    }
    settle();
    const std::pair<std::string, std::string> of_a_save[] = {{"save", "asking the guest"},
                                                             {"destroy", "removing the guest"}};
    for (const auto& [call, words] : of_a_save)
        xen.hold(call);
    begin(manager->managed_save(guest.uuid, {}));
    for (const auto& [call, words] : of_a_save) {
        settle();
        EXPECT_EQ(phase(), words);
        xen.release(call);
    }
    settle();
    xen.hold("restore");
    begin(manager->start(guest.uuid, {}));
    settle();
    EXPECT_EQ(phase(), "restoring memory");
}

TEST_F(JobsOfADomain, TellThatTheyAreHeldBack) {
    const auto guest = running("web");
    xen.stop(1, hypervisor::StopReason::reboot);
    settle();
    EXPECT_EQ(manager->job(guest.uuid)->phase, "held back before it starts anew");
    EXPECT_EQ(manager->job(guest.uuid)->client, "") << "nobody has asked for it";
}

TEST_F(JobsOfADomain, MayTakeLongerAsLongAsBytesMove) {
    const auto guest = running("web");
    xen.hold("save");
    begin(manager->save(guest.uuid, "/tmp/web.save", {}));
    settle();
    const auto left = [&] { return manager->job(guest.uuid)->left.value(); };
    loop.run_for(limits::image_patience);
    xen.progress->bytes += 1;
    loop.run_for(limits::image_patience / 4);
    EXPECT_GT(left(), limits::image_patience / 2);
    EXPECT_LE(left(), limits::image_patience);
}

TEST_F(JobsOfADomain, ThatHaveFailedTellWhereAndThoseThatAreDoneDoNot) {
    const auto guest = running("web");
    xen.fail_next("save", {Reason::io, "the disk is full"});
    ASSERT_FALSE(end_of(manager->save(guest.uuid, "/tmp/web.save", {})));
    EXPECT_EQ(manager->last_job(guest.uuid)->phase, "asking the guest");
    EXPECT_FALSE(manager->last_job(guest.uuid)->left);
    ASSERT_TRUE(end_of(manager->save(guest.uuid, "/tmp/web.save", {})));
    EXPECT_EQ(manager->last_job(guest.uuid)->phase, "");
}

// Destroyed

TEST_F(JobsOfADomain, OfWhichTwoDestroyBothEndWell) {
    const auto guest = running("web");
    const auto first = begin(manager->destroy(guest.uuid));
    const auto second = begin(manager->destroy(guest.uuid));
    EXPECT_TRUE(end_of(first));
    EXPECT_TRUE(end_of(second));
    EXPECT_EQ(xen.count("destroy"), 1u);
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(JobsOfADomain, ThatIsGoneEndWithNoSuchDomain) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {})).value();
    xen.hold("pause");
    const auto suspending = begin(manager->suspend(guest.uuid));
    const auto starting = begin(manager->start(guest.uuid, {}));
    const auto undefining = begin(manager->undefine(guest.uuid));
    settle();
    xen.vanish(1);
    xen.release("pause");
    EXPECT_FALSE(end_of(suspending));
    const auto started = end_of(starting);
    ASSERT_FALSE(started);
    EXPECT_FALSE(end_of(undefining));
    settle();
    EXPECT_FALSE(exists(guest));
}

TEST_F(JobsOfADomain, AreCancelledAtTheirDeadline) {
    const auto guest = defined("web");
    xen.hold("create");
    const auto starting = begin(manager->start(guest.uuid, {}));
    loop.run_for(limits::start_deadline - seconds(1));
    EXPECT_FALSE(starting->has_value());
    loop.run_for(seconds(2));
    ASSERT_TRUE(starting->has_value());
    EXPECT_EQ((*starting)->error().reason, Reason::timed_out);
    EXPECT_EQ((*starting)->error().message, "cannot start domain 'web': not done within 600 s");
    xen.release("create");
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
}

TEST_F(JobsOfADomain, ThatMoveAnImageGoOnAsLongAsItMoves) {
    const auto guest = running("web");
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, "/saves/web", {}));
    settle();
    for (int hour = 0; hour < 3; ++hour) {
        for (int minute = 0; minute < 60; minute += 9) {
            loop.run_for(std::chrono::minutes(9));
            xen.progress->bytes += 4096;
        }
        ASSERT_FALSE(saving->has_value());
    }
    loop.run_for(limits::image_patience * 9 / 8 + seconds(1));
    ASSERT_TRUE(saving->has_value());
    EXPECT_EQ((*saving)->error().reason, Reason::timed_out);
    EXPECT_EQ((*saving)->error().message, "cannot save domain 'web': no byte has moved for 600 s");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(JobsOfADomain, ThatDumpACoreMayBeSilentForLonger) {
    const auto guest = running("web");
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, "/cores/web", {}));
    settle();
    loop.run_for(std::chrono::minutes(20));
    xen.progress->bytes += 4096;
    loop.run_for(limits::dump_patience - seconds(1));
    EXPECT_FALSE(dumping->has_value());
    loop.run_for(limits::dump_patience / 8 + seconds(2));
    ASSERT_TRUE(dumping->has_value());
    EXPECT_EQ((*dumping)->error().reason, Reason::timed_out);
}

TEST_F(JobsOfADomain, ThatDoNotEndThoughCancelledKeepTheTurnButNotTheCaller) {
    const auto guest = defined("web");
    store.hold();
    const auto defining = begin(manager->define(guest));
    const auto waiting = begin(manager->undefine(guest.uuid));
    loop.run_for(limits::definition_deadline + limits::cancel_grace + seconds(1));
    ASSERT_TRUE(defining->has_value());
    EXPECT_EQ((*defining)->error().reason, Reason::timed_out);
    EXPECT_FALSE(waiting->has_value());
    store.release();
    EXPECT_TRUE(end_of(waiting));
}

TEST_F(JobsOfADomain, DoNotWaitForTheirTurnForEver) {
    const auto guest = running("web");
    store.hold();
    const auto defining = begin(manager->define(guest));
    const auto destroying = begin(manager->destroy(guest.uuid));
    loop.run_for(limits::turn_wait + seconds(1));
    ASSERT_TRUE(destroying->has_value());
    EXPECT_EQ((*destroying)->error().reason, Reason::timed_out);
    EXPECT_EQ(
        (*destroying)->error().message,
        "cannot destroy domain 'web': its turn has not come within 600 s; virtlight jobs tells what is done "
        "first");
    store.release();
    look();
    EXPECT_EQ(info(guest).domid, 1) << "what was answered does not happen after all";
}

TEST_F(JobsOfADomain, EndWhenTheDaemonStopsAndNoneAreTakenAfterwards) {
    const auto guest = running("web");
    xen.hold("shutdown");
    const auto running_one = begin(manager->shutdown(guest.uuid, {}));
    const auto waiting = begin(manager->shutdown(guest.uuid, {}));
    settle();
    bool ended = false;
    struct Stop {
        static async::Task<> all(Manager& manager, bool& ended) {
            co_await manager.shut_down();
            ended = true;
        }
    };
    scope.spawn(Stop::all(*manager, ended));
    settle();
    EXPECT_TRUE(ended);
    EXPECT_EQ((*running_one)->error().reason, Reason::cancelled);
    EXPECT_EQ((*waiting)->error().message, "cannot shut down domain 'web': the daemon is stopping");
    const auto late = end_of(manager->define(guest_named("late")));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().reason, Reason::cancelled);
    EXPECT_FALSE(exists(guest_named("late")));
    EXPECT_TRUE(xen.truth.contains(1)) << "guests go on";
    EXPECT_EQ(store.lives.count(guest.uuid), 1u);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(JobsOfADomain, ThatNeverEndDelayTheDaemonsEndOnlySoLong) {
    const auto guest = defined("web");
    store.hold();
    const auto defining = begin(manager->define(guest));
    settle();
    const auto before = loop.now();
    bool ended = false;
    struct Stop {
        static async::Task<> all(Manager& manager, bool& ended) {
            co_await manager.shut_down();
            ended = true;
        }
    };
    scope.spawn(Stop::all(*manager, ended));
    loop.run_until([&] { return ended; });
    EXPECT_EQ(loop.now() - before, limits::shut_down_wait);
    store.release();
    EXPECT_TRUE(end_of(defining)) << "the write was done after all";
}

TEST_F(JobsOfADomain, CanBeAskedForByWhoeverWaitedForTheOneBefore) {
    const auto guest = defined("web");
    struct Client {
        static async::Task<Result<>> round(Manager& manager, Uuid uuid) {
            (co_await manager.start(uuid, {})).value();
            (co_await manager.suspend(uuid)).value();
            (co_await manager.resume(uuid)).value();
            co_return co_await manager.destroy(uuid);
        }
    };
    EXPECT_TRUE(end_of(Client::round(*manager, guest.uuid)));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0", "web SUSPENDED/0", "web RESUMED/0", "web STOPPED/1"));
}

}  // namespace
}  // namespace virtlight::manager
