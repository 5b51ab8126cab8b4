// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::PausedReason;
using domain::RunningReason;
using domain::ShutoffReason;
using domain::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Start : public ::testing::Test, protected World {
 protected:
    void expect_nothing_left(const domain::Definition& guest) {
        settle();
        EXPECT_EQ(xen.truth.size(), 1u) << "only Domain-0 runs";
        EXPECT_TRUE(store.lives.empty());
        EXPECT_TRUE(xen.followed().empty());
        EXPECT_EQ(info(guest).domid, -1);
        EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
        EXPECT_THAT(events(), IsEmpty());
        EXPECT_TRUE(end_of(manager->start(guest.uuid, {}))) << "and it can be tried again";
    }
};

TEST_F(Start, MakesTheGuestRunAndTellsIt) {
    const auto guest = defined("web");
    const auto started = end_of(manager->start(guest.uuid, {}));
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_EQ(started->domid, 1);
    EXPECT_EQ(started->status, Status(RunningReason::booted));
    EXPECT_EQ(manager->find_by_domid(1)->name, "web");
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->consoles[0].tty, "/dev/pts/1");
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->consoles[0].tty, "");
    EXPECT_EQ(store.lives.at(guest.uuid).domid, 1u);
    EXPECT_THAT(xen.followed(), ElementsAre(1u));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0"));
}

TEST_F(Start, LeavesTheGuestPausedOnDemand) {
    const auto guest = defined("web");
    const auto started = end_of(manager->start(guest.uuid, {.paused = true}));
    ASSERT_TRUE(started);
    EXPECT_EQ(started->status, Status(PausedReason::user));
    EXPECT_TRUE(xen.truth.at(1).paused);
    EXPECT_THAT(events(), ElementsAre("web STARTED/0", "web SUSPENDED/0"));
    look();
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Start, NotesTheIntentBeforeAndTheDomidBeforeTheGuestRuns) {
    const auto guest = defined("web");
    std::vector<unsigned> noted;
    xen.before_effect = [&](const std::string& call) {
        if (call == "create" || call == "unpause") noted.push_back(store.lives.at(guest.uuid).domid);
    };
    end_of(manager->start(guest.uuid, {})).value();
    EXPECT_THAT(noted, ElementsAre(0u, 1u));
}

TEST_F(Start, ShowsTheGuestAsStartingUpUntilItRuns) {
    const auto guest = defined("web");
    xen.hold("unpause");
    const auto starting = begin(manager->start(guest.uuid, {}));
    settle();
    EXPECT_EQ(info(guest).status, Status(PausedReason::starting_up));
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_THAT(events(), IsEmpty());
    xen.release("unpause");
    EXPECT_TRUE(end_of(starting));
}

TEST_F(Start, OfARunningGuestIsRefused) {
    const auto guest = running("web");
    const auto refused = end_of(manager->start(guest.uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_state);
    EXPECT_EQ(refused.error().message, "cannot start domain 'web': domain is already running");
}

TEST_F(Start, OfAnUnknownDomainIsRefused) {
    const auto refused = end_of(manager->start(guest_named("web").uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::no_domain);
}

TEST_F(Start, ThatFailsCarriesTheReasonAndLeavesNothing) {
    const auto guest = defined("web");
    xen.fail_next("create", {Reason::operation_failed, "no memory", {"libxl: line 1", "libxl: line 2"}});
    const auto failed = end_of(manager->start(guest.uuid, {}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, Reason::operation_failed);
    EXPECT_EQ(failed.error().message, "cannot start domain 'web': no memory");
    EXPECT_THAT(failed.error().details, ElementsAre("libxl: line 1", "libxl: line 2"));
    expect_nothing_left(guest);
}

/// What libxl has made of it is there, and is not described, as it is only half made.
class StartThatLeavesSomething : public Start {
 protected:
    StartThatLeavesSomething() {
        log::set_level(log::Level::error);
        xen.before_effect = [this](const std::string& call) {
            if (call == "create" && leaves) xen.make(guest, true);
            if (call == "describe") xen.fail_next(call, {Reason::operation_failed, "it is half made"});
        };
    }
    void fail(Reason reason) {
        xen.fail_next("create", {reason, "libxl hangs"});
        EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    }
    void expect_next_daemon_removes_it() {
        ASSERT_TRUE(store.lives.contains(guest.uuid));
        restart();
        settle();
        EXPECT_EQ(xen.truth.size(), 1u) << "only Domain-0 runs";
        EXPECT_TRUE(store.lives.empty());
        EXPECT_EQ(info(guest).domid, -1);
    }

    const domain::Definition guest = defined("web");
    bool leaves = true;
};

TEST_F(StartThatLeavesSomething, IsUndoneByTheNextDaemonIfItWasGivenUp) {
    xen.given_up.insert(guest.uuid);
    fail(Reason::timed_out);
    expect_next_daemon_removes_it();
}

TEST_F(StartThatLeavesSomething, IsUndoneByTheNextDaemonIfItMayStillMakeSomething) {
    leaves = false;
    xen.given_up.insert(guest.uuid);
    fail(Reason::timed_out);
    fail(Reason::operation_failed);  // an earlier start of it has not ended yet
    xen.make(guest, true);
    expect_next_daemon_removes_it();
}

TEST_F(StartThatLeavesSomething, IsNoneThatOnlyTookTooLong) {
    leaves = false;
    fail(Reason::timed_out);
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(StartThatLeavesSomething, IsUndoneByTheNextDaemonIfThatCouldNotBeRemoved) {
    fail(Reason::operation_failed);
    leaves = false;
    fail(Reason::domain_exists);
    expect_next_daemon_removes_it();
}

TEST_F(StartThatLeavesSomething, IsNotFollowedByAnotherOneWhenItWasToBeAReboot) {
    leaves = false;
    end_of(manager->start(guest.uuid, {})).value();
    loop.run_for(limits::quick_life);
    leaves = true;
    xen.fail_next("create", {Reason::timed_out, "libxl hangs"});
    xen.stop(1, hypervisor::StopReason::reboot);
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
    expect_next_daemon_removes_it();
}

TEST_F(StartThatLeavesSomething, IsForgottenWhenALaterOneSucceeds) {
    fail(Reason::timed_out);
    leaves = false;
    xen.truth.erase(1);  // libxl has come to its end
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Start, ThatCannotLetTheGuestRunLeavesNothing) {
    const auto guest = defined("web");
    xen.fail_next("unpause", {Reason::operation_failed, "no"});
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    expect_nothing_left(guest);
}

TEST_F(Start, IsNotEvenTriedWhenTheIntentCannotBeNoted) {
    const auto guest = defined("web");
    store.fail_write(1);
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(xen.count("create"), 0u);
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Start, ThatCannotNoteTheDomidLeavesNothing) {
    const auto guest = defined("web");
    store.fail_write(2);
    const auto failed = end_of(manager->start(guest.uuid, {}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, Reason::io);
    EXPECT_EQ(xen.count("unpause"), 0u);
    expect_nothing_left(guest);
}

TEST_F(Start, KeepsWhatItCannotRemoveInSight) {
    const auto guest = defined("web");
    xen.fail_next("unpause", {Reason::operation_failed, "no"});
    xen.fail_next("destroy", {Reason::operation_failed, "stuck"});
    const auto failed = end_of(manager->start(guest.uuid, {}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message,
              "cannot start domain 'web': no; what was made of it cannot be removed: stuck");
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_THAT(events(), ElementsAre("web STARTED/0", "web SUSPENDED/6", "web STOPPED/1"));
}

TEST_F(Start, GoesOnWhenItsCallerIsGone) {
    const auto guest = defined("web");
    xen.hold("create");
    {
        // Awaited by nobody who could be resumed, and destroyed in the middle of the wait.
        auto waiting = manager->start(guest.uuid, {});
        std::move(waiting).operator co_await().await_suspend(std::noop_coroutine()).resume();
        settle();
        EXPECT_EQ(xen.count("create"), 1u);
    }
    xen.release("create");
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_THAT(events(), ElementsAre("web STARTED/0"));
}

TEST_F(Start, OfOneDomainDoesNotWaitForAnother) {
    const auto slow = defined("slow");
    const auto quick = defined("quick");
    xen.hold("create");
    const auto hanging = begin(manager->start(slow.uuid, {}));
    settle();
    EXPECT_TRUE(end_of(manager->set_autostart(quick.uuid, true)));
    EXPECT_EQ(manager->list().size(), 3u);
    EXPECT_FALSE(hanging->has_value());
    xen.release("create");
    EXPECT_TRUE(end_of(hanging));
}

TEST_F(Start, OfATransientDomainShowsItMeanwhileAndForgetsItIfItFails) {
    const auto guest = guest_named("web");
    xen.hold("create");
    const auto creating = begin(manager->create(guest, {}));
    settle();
    EXPECT_EQ(info(guest).status.state, domain::State::shutoff);
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live), guest);
    xen.fail_next("create", {Reason::invalid_argument, "no kernel"});
    xen.release("create");
    const auto failed = end_of(creating);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "cannot create domain 'web': no kernel");
    EXPECT_FALSE(exists(guest));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Start, WithADefinitionOfItsOwnKeepsTheStoredOne) {
    auto guest = defined("web");
    guest.vcpus_max = 4;
    const auto created = end_of(manager->create(guest, {}));
    ASSERT_TRUE(created) << created.error().message;
    EXPECT_TRUE(created->persistent);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 4u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus_max, 1u);
}

TEST_F(Start, OfATransientDomainIsRefusedWhileItsNameOrUuidRuns) {
    auto guest = running("web");
    const auto same = end_of(manager->create(guest, {}));
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().reason, Reason::invalid_state);
    EXPECT_EQ(same.error().message, "cannot create domain 'web': domain is already active as 'web'");

    auto other_uuid = guest;
    other_uuid.uuid = guest_named("other").uuid;
    EXPECT_EQ(end_of(manager->create(other_uuid, {})).error().reason, Reason::domain_exists);

    auto other_name = guest;
    other_name.name = "other";
    EXPECT_EQ(end_of(manager->create(other_name, {})).error().reason, Reason::domain_exists);
}

TEST_F(Start, TakesTheDomidOfADomainThatMustBeGone) {
    const auto former = running("former");
    const auto guest = defined("web");
    xen.truth.erase(1);
    xen.next_domid = 1;
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(manager->find_by_domid(1)->name, "web");
    EXPECT_EQ(info(former).domid, -1);
    EXPECT_THAT(events(), ElementsAre("former STOPPED/1", "web STARTED/0"));
}

}  // namespace
}  // namespace virtlight::manager
