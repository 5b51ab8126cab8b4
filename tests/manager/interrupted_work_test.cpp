// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/life_state.hpp"
#include "manager/restart_test.hpp"

// What becomes of the starts, resets and ends in which a daemon was killed.

namespace virtlight::manager {
namespace {

using domain::ShutoffReason;
using domain::Status;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Restart, DestroysADomainThatWasLeftHalfMade) {
    const auto guest = half_made(true, true);
    start_up();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_FALSE(exists(guest));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Restart, KeepsTheDefinitionOfAPersistentDomainThatWasLeftHalfMade) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    start_up();
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
}

TEST_F(Restart, LeavesAnotherToolsGuestOfTheUuidOfOneThatWasBeingStarted) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    auto theirs = guest;
    theirs.name = "theirs";
    xen.truth.erase(1);
    xen.make(theirs, true);
    xen.make(guest, true);
    start_up();
    look();
    EXPECT_FALSE(xen.truth.contains(3)) << "ours was never let run";
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).name, "web");
}

TEST_F(Restart, UndoesAStartThatHadOnlyToLetItsGuestRun) {
    start_up();
    const auto guest = running("web");
    ASSERT_EQ(store.lives.at(guest.uuid).held, Held::starting);
    xen.truth.at(1).paused = true;
    xen.truth.at(1).cpu_time = {};
    restart();
    settle();
    EXPECT_FALSE(xen.truth.contains(1));
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Restart, DropsAnIntentOfWhichNothingCame) {
    const auto guest = half_made(false, false);
    start_up();
    settle();
    EXPECT_FALSE(exists(guest));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Restart, NeverDestroysAGuestThatRunsThoughOnlyAnIntentIsKnownOfIt) {
    const auto guest = half_made(true, false);
    start_up();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_TRUE(store.lives.empty());
}

// Soft resets

TEST_F(Restart, LetsAGuestRunThatHasResetItselfSoftly) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::resetting;
    xen.truth.at(1).paused = true;
    restart();
    settle();
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Restart, StartsAGuestAnewThatWasResetByHalf) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::resetting;
    xen.truth.at(1).paused = true;
    xen.fail_next("describe", {Reason::invalid_state, "it is still being built"});
    log::set_level(log::Level::error);
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_FALSE(xen.truth.contains(1));
    EXPECT_EQ(store.lives.at(guest.uuid).domid, 2u);
}

TEST_F(Restart, DoesNotTakeAGuestForOneThatWasResetByHalfBecauseNobodyAnswers) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::resetting;
    xen.truth.at(1).paused = true;
    xen.fail_next("describe", {Reason::timed_out, "libxl does not answer"});
    log::set_level(log::Level::error);
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::resetting) << "the next daemon asks again";
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
}

TEST_F(Restart, DoesNotTakeAGuestForOneThatWasResetByHalfBecauseItsDeviceModelIsGone) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::resetting;
    xen.truth.at(1).paused = true;
    xen.fail_next("describe", {Reason::operation_failed, "its device model refuses the connection"});
    log::set_level(log::Level::error);
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_TRUE(xen.truth.contains(1));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::resetting) << "the next daemon asks again";
}

// Ends

TEST_F(Restart, EndsAGuestThatWasBeingDestroyed) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::ending;
    xen.truth.at(1).paused = true;  // as libxl begins
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Restart, LetsAGuestGoOnThatWasOnlyAboutToBeDestroyed) {
    start_up();
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::ending;
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    EXPECT_THAT(events(), IsEmpty());
}

// Starts anew

TEST_F(Restart, FinishesAStartAnewOfWhichOnlyTheNoteIsLeft) {
    const auto persistent = guest_named("web");
    const auto transient = guest_named("brief");
    store.domains[persistent.uuid] = {persistent};
    store.lives[persistent.uuid] = {persistent, 1, Held::ending, true, true};
    store.lives[transient.uuid] = {.definition = transient, .domid = 0, .again = true};
    start_up();
    settle();
    EXPECT_EQ(info(persistent).status.state, domain::State::running);
    EXPECT_EQ(info(transient).status.state, domain::State::running);
    EXPECT_FALSE(store.lives.at(persistent.uuid).again) << "it is finished";
}

TEST_F(Restart, FinishesAStartAnewThatHadOnlyToLetItsGuestRun) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 1, Held::starting, true, true};
    start_up();
    settle();
    EXPECT_FALSE(xen.truth.contains(1));
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Restart, FinishesAStartAnewThatWasCutOffBesideItsImage) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 1, Held::starting, true, true};
    store.images_aside = {guest.uuid};
    start_up();
    settle();
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_FALSE(info(guest).managed_image) << "it runs, and not from there";
    EXPECT_TRUE(store.images_aside.empty() && store.images.empty());
}

TEST_F(Restart, LeavesAStartAnewToTheNextDaemonWhenItIsStopped) {
    start_up();
    auto guest = guest_named("web");
    guest.on_reboot = domain::LifecycleAction::restart;
    running(guest);
    loop.run_for(limits::quick_life);
    xen.hold("create");
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "it is gone, and not yet back";
    prepare = [this] { xen.release("create"); };
    restart();
    settle();
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_FALSE(store.lives.at(guest.uuid).again);
}

class RestartWithAGuestThatCrashes : public Restart {
 protected:
    /// It has so often, soon after its start, and runs again.
    domain::Definition crashed(unsigned times) {
        start_up();
        auto guest = guest_named("web");
        guest.on_crash = domain::LifecycleAction::restart;
        running(guest);
        for (unsigned crashes = 1; crashes <= times; ++crashes) {
            xen.stop(domid(guest), StopReason::crash);
            loop.run_for(restart_pause(crashes) + milliseconds(100));
        }
        EXPECT_GE(info(guest).domid, 1);
        return guest;
    }
    void expect_held_back(const domain::Definition& guest, Duration pause) {
        settle();
        EXPECT_EQ(manager->job(guest.uuid)->phase, "held back before it starts anew");
        loop.run_for(pause - seconds(1));
        EXPECT_EQ(info(guest).domid, -1);
        loop.run_for(seconds(2));
        EXPECT_EQ(info(guest).status.state, domain::State::running);
    }
};

TEST_F(RestartWithAGuestThatCrashes, HoldsItBackForLongerAsTheDaemonBeforeWouldHave) {
    const auto guest = crashed(3);
    restart();
    xen.stop(domid(guest), StopReason::crash);
    expect_held_back(guest, restart_pause(4));
}

TEST_F(RestartWithAGuestThatCrashes, GoesOnWithThePauseInWhichItHasFoundIt) {
    const auto guest = crashed(2);
    xen.stop(domid(guest), StopReason::crash);
    settle();
    restart();
    expect_held_back(guest, restart_pause(3));
    xen.stop(domid(guest), StopReason::crash);
    expect_held_back(guest, restart_pause(4));
}

TEST_F(RestartWithAGuestThatCrashes, CountsALifeOnceThoughItsEndIsJudgedByBoth) {
    const auto guest = crashed(2);
    const auto last = domid(guest);
    xen.hold("destroy");
    xen.stop(last, StopReason::crash);
    settle();
    ASSERT_EQ(store.lives.at(guest.uuid).short_lives, 3u);
    prepare = [this] { xen.release("destroy"); };
    restart();
    expect_held_back(guest, restart_pause(3));
}

TEST_F(RestartWithAGuestThatCrashes, HasForgottenThatWhenItHasLivedForLong) {
    const auto guest = crashed(3);
    const auto before = domid(guest);
    loop.run_for(limits::quick_life);
    restart();
    xen.stop(before, StopReason::crash);
    settle();
    EXPECT_EQ(domid(guest), before + 1) << "it is started anew at once";
}

TEST_F(RestartWithAGuestThatCrashes, LetsAClientStartItAtOnceAndCountsAnew) {
    const auto guest = crashed(3);
    end_of(manager->destroy(guest.uuid)).value();
    end_of(manager->start(guest.uuid, {})).value();
    restart();
    xen.stop(domid(guest), StopReason::crash);
    expect_held_back(guest, restart_pause(1));
}

TEST_F(Restart, FinishesAResetAsItWasAskedFor) {
    start_up();
    auto guest = running("web");
    guest.vcpus_max = 4;
    ASSERT_TRUE(end_of(manager->define(guest)));
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    for (const auto* const call : {"destroy", "create"}) {
        xen.hold(call);
        begin(manager->reset(guest.uuid));
        settle();
        EXPECT_TRUE(store.lives.at(guest.uuid).again);
        prepare = [this, call] { xen.release(call); };
        restart();
        settle();
        EXPECT_EQ(info(guest).status.state, domain::State::paused);
        EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 1u)
            << "the definition that the guest ran with";
        EXPECT_FALSE(store.lives.at(guest.uuid).again);
    }
    EXPECT_EQ(info(guest).domid, 3);
}

TEST_F(Restart, FinishesTheResetOfAGuestThatHasCrashed) {
    start_up();
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::preserve;
    running(guest);
    xen.stop(1, StopReason::crash);
    look();
    xen.hold("destroy");
    begin(manager->reset(guest.uuid));
    settle();
    prepare = [this] { xen.release("destroy"); };
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Restart, FinishesAResetOnceThoughWhatWasHalfMadeHasStopped) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid].again = true;
    xen.stop(1, StopReason::watchdog);
    start_up();
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_EQ(xen.count("destroy"), 1u);
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_THAT(events(), ::testing::Not(::testing::Contains(::testing::StartsWith("web WATCHDOG"))));
}

TEST_F(Restart, TellsOfWhatWasLeftHalfMadeWhenItCannotBeRemovedForAStartAnew) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid].again = true;
    xen.fail_next("destroy", {Reason::operation_failed, "libxl refuses"});
    start_up();
    settle();
    EXPECT_EQ(info(guest).status, Status(domain::PausedReason::starting_up));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0", "web SUSPENDED/6"));
}

TEST_F(Restart, DoesNotStartAnewWhatAnotherToolHasStartedSince) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 7, Held::ending, true, true};
    xen.make(guest);
    start_up();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(xen.count("create"), 0u);
}

TEST_F(Restart, StartsNothingAnewWithTheDiskOfAGuestThatAnotherToolHasStartedSince) {
    auto guest = guest_named("web");
    guest.disks = {{.source = domain::Disk::Source::file, .path = "/srv/disk.img"}};
    auto theirs = guest_named("rescue");
    theirs.disks = guest.disks;
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 7, Held::ending, true, true};
    xen.make(theirs);
    xen.hold("describe");
    loop.call_at(loop.now() + seconds(1), [this] { xen.release("describe"); });
    start_up();
    settle();
    EXPECT_TRUE(exists(theirs));
    EXPECT_EQ(xen.count("create"), 0u);
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Restart, DoesNotStartAnewWhatAnotherToolLetsRunWhileGuestsAreLookedAt) {
    const auto guest = half_made(true, true);
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 1, Held::starting, true, true};
    xen.make(guest_named("theirs"));
    xen.hold("describe");
    loop.call_at(loop.now() + milliseconds(500), [this] { xen.truth.at(1).paused = false; });
    loop.call_at(loop.now() + seconds(3), [this] { xen.release("describe"); });
    start_up();
    settle();
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Restart, DoesNotStartAnewWhatTheHostsBootHasEnded) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 1, Held::ending, true, true, true};
    start_up();
    settle();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_TRUE(store.lives.empty());
}

class RestartWithAGuestOfAnotherTool : public Restart {
 protected:
    /// Kills the daemon in the midst of a call that is held.
    void kill_during(const std::string& call, async::Task<Result<>> operation) {
        xen.hold(call);
        begin(std::move(operation));
        settle();
        const auto lives = store.lives;
        const auto truth = xen.truth;
        EXPECT_EQ(lives.size(), 1u);
        prepare = [this, call, lives, truth] {
            store.lives = lives;
            xen.truth = truth;
            xen.truth.at(1).paused = paused;
            xen.release(call);
        };
        restart();
        look();
    }
    domain::Definition start_beside_it() {
        auto guest = guest_named("xl-made");
        xen.make(guest);
        start_up();
        return guest;
    }

    bool paused = true;
};

TEST_F(RestartWithAGuestOfAnotherTool, EndsItIfItWasBeingDestroyed) {
    const auto guest = start_beside_it();
    kill_during("destroy", manager->destroy(guest.uuid));
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.lives.empty());
    EXPECT_FALSE(exists(guest));
}

TEST_F(RestartWithAGuestOfAnotherTool, LeavesItAloneIfItWasOnlyAboutToBeDestroyed) {
    const auto guest = start_beside_it();
    paused = false;
    kill_during("destroy", manager->destroy(guest.uuid));
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_TRUE(store.lives.empty()) << "it is not ours";
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.count("destroy"), 1u) << "that is for the other tool to do";
}

TEST_F(RestartWithAGuestOfAnotherTool, LetsItGoOnIfItsCoreWasBeingDumped) {
    const auto guest = start_beside_it();
    kill_during("dump", manager->dump_core(guest.uuid, "/tmp/core", {}));
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(RestartWithAGuestOfAnotherTool, ShowsWhatItHasAndNotOnlyWhatWasNoted) {
    const auto guest = start_beside_it();
    xen.definitions.at(1).nics = {{.mac = {{0x00, 0x16, 0x3e, 0, 0, 1}}, .bridge = "xenbr0"}};
    kill_during("dump", manager->dump_core(guest.uuid, "/tmp/core", {}));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->nics.size(), 1u);
    EXPECT_EQ(info(guest).domid, 1);
}

}  // namespace
}  // namespace virtlight::manager
