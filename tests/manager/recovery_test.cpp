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
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Restart : public ::testing::Test, protected World {
 protected:
    Restart() : World(std::nullopt) {}

    /// As the store has it while a start is under way.
    domain::Definition half_made(bool made, bool paused) {
        const auto guest = guest_named("web");
        store.lives[guest.uuid] = {guest, 0};
        if (made) xen.make(guest, paused);
        return guest;
    }
};

TEST_F(Restart, FindsTheStoredDomains) {
    start_up();
    const auto web = defined("web");
    end_of(manager->set_autostart(defined("db").uuid, false)).value();
    restart();
    EXPECT_EQ(manager->definition(web.uuid, Which::stored), web);
    EXPECT_TRUE(info(web).persistent);
    EXPECT_EQ(manager->list().size(), 3u);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Restart, ShowsDomain0UnderTheUuidThatItHasInXen) {
    const auto uuid = guest_named("the host").uuid;
    xen.truth.at(0).uuid = uuid;
    start_up();
    look();
    xen.truth.at(0).memory_kib /= 2;
    look();
    EXPECT_EQ(manager->list().size(), 1u);
    const auto dom0 = manager->find_by_name("Domain-0").value();
    EXPECT_EQ(dom0.uuid, uuid);
    EXPECT_EQ(dom0.domid, 0);
    EXPECT_EQ(dom0.memory_kib, xen.truth.at(0).memory_kib) << "and follows it";
    EXPECT_EQ(end_of(manager->destroy(uuid)).error().reason, Reason::invalid_state);
    EXPECT_EQ(xen.count("describe"), 0u);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Restart, DoesNotTouchTheGuestsAndFollowsThemAgain) {
    start_up();
    const auto guest = running("web");
    restart();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status, Status(RunningReason::unknown));
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_EQ(xen.count("describe"), 0u) << "the store knows more than Xen";
    EXPECT_THAT(xen.followed(), ElementsAre(1u));
    EXPECT_THAT(events(), IsEmpty());
    xen.stop(1, StopReason::poweroff);
    settle();
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Restart, KeepsTheDefinitionOfATransientGuest) {
    start_up();
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {.paused = true})).value();
    restart();
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->boot, guest.boot);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->consoles[0].tty, "/dev/pts/1");
}

TEST_F(Restart, KeepsTheLiveDefinitionApartFromTheStoredOne) {
    start_up();
    auto guest = running("web");
    guest.vcpus_max = 4;
    end_of(manager->define(guest)).value();
    restart();
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 1u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus_max, 4u);
    EXPECT_TRUE(manager->is_updated(guest.uuid).value());
}

TEST_F(Restart, ForgetsAGuestThatHasEndedMeanwhile) {
    start_up();
    const auto persistent = running("web");
    const auto transient = guest_named("brief");
    end_of(manager->create(transient, {})).value();
    xen.on_attention([] {});
    xen.truth.erase(1);
    xen.truth.erase(2);
    restart();
    EXPECT_EQ(info(persistent).domid, -1);
    EXPECT_FALSE(exists(transient));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_TRUE(end_of(manager->start(persistent.uuid, {})));
}

TEST_F(Restart, CleansUpAfterAGuestThatHasStoppedMeanwhile) {
    start_up();
    const auto guest = running("web");
    xen.truth.at(1).stopped = StopReason::poweroff;
    xen.on_attention([] {});
    restart();
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_EQ(xen.truth.size(), 1u);
}

TEST_F(Restart, DoesNotTakeAnotherLifeOfTheSameDomainForItsOwn) {
    start_up();
    auto guest = running("web");
    guest.on_reboot = domain::LifecycleAction::restart;
    xen.truth.erase(1);
    xen.make(guest);  // by another tool
    restart();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_TRUE(store.lives.empty());
    xen.stop(2, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.count("destroy"), 0u) << "that is for the other tool to do";
}

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

TEST_F(Restart, LeavesAGuestPausedThatHasRun) {
    start_up();
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
}

TEST_F(Restart, LeavesAGuestPausedThatWasPausedBeforeItHadAProcessor) {
    start_up();
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    xen.truth.at(1).cpu_time = {};
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
}

TEST_F(Restart, LeavesAnotherToolsGuestItsName) {
    start_up();
    const auto guest = defined("web");
    auto theirs = guest;
    theirs.name = "theirs";
    xen.make(theirs);
    store.lives[guest.uuid] = {theirs, 1, Held::dumping, false};
    restart();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).name, "web");
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "web");
}

TEST_F(Restart, KeepsWhatWasSavedOfADomainThatAnotherToolHasRunSince) {
    start_up();
    const auto guest = defined("web");
    xen.make(guest);
    xen.stop(1, StopReason::crash);
    store.lives[guest.uuid] = {guest, 1, Held::ending, false};
    store.images_aside.insert(guest.uuid);
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.images_aside.contains(guest.uuid));
    EXPECT_FALSE(info(guest).managed_image);
}

TEST_F(Restart, LeavesAGuestPausedThatWasStartedSo) {
    start_up();
    const auto guest = defined("web");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.paused = true})));
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
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

TEST_F(Restart, LeavesAStartAnewToTheNextDaemonWhenItIsStopped) {
    start_up();
    auto guest = guest_named("web");
    guest.on_reboot = domain::LifecycleAction::restart;
    running(guest);
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

TEST_F(Restart, DoesNotStartAnewWhatTheHostsBootHasEnded) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {guest, 1, Held::ending, true, true, true};
    start_up();
    settle();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Restart, DoesNotTakeAGuestOfThisBootOfTheHostForOneOfTheLast) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest};
    store.lives[guest.uuid] = {.definition = guest, .domid = 1, .over = true};
    xen.make(guest);  // by another tool, and it has got the same domid
    start_up();
    look();
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(xen.count("destroy"), 0u) << "that is for the other tool to do";
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

TEST_F(Restart, FindsTheDomainsOfOtherToolsBeforeAnybodyAsks) {
    const auto guest = guest_named("xl-made");
    xen.make(guest);
    start_up();
    EXPECT_TRUE(exists(guest));
}

TEST_F(Restart, IsNotHeldUpByADescriptionThatHangs) {
    xen.make(guest_named("odd"));
    xen.hold("describe");
    const auto before = loop.now();
    start_up();
    EXPECT_LE(loop.now() - before, limits::adoption_wait + seconds(1));
    xen.release("describe");
    look();
    EXPECT_TRUE(exists(guest_named("odd")));
}

TEST_F(Restart, FailsIfTheHypervisorDoesNotAnswer) {
    xen.fail_next("look", {Reason::internal, "no xenstore"});
    Manager other(loop, xen, store);
    const auto failed = end_of(other.start_up());
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "no xenstore");
}

TEST_F(Restart, TakesTheFirstByUuidOfTwoDomainsWithOneName) {
    auto first = guest_named("web");
    auto second = guest_named("web");
    first.uuid.bytes[0] = 1;
    second.uuid.bytes[0] = 2;
    store.domains[second.uuid] = {second};
    store.domains[first.uuid] = {first};
    log::set_level(log::Level::error);
    start_up();
    EXPECT_EQ(manager->find_by_name("web")->uuid, first.uuid);
    EXPECT_FALSE(exists(second));
    EXPECT_EQ(store.domains.size(), 2u) << "left alone";
}

TEST_F(Restart, StartsWhatIsToBeStartedBesideItsOwnWorkAndAFewAtATime) {
    std::vector<domain::Definition> guests;
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        guests.push_back(guest_named(name));
        store.domains[guests.back().uuid] = {guests.back(), true};
    }
    const auto other = guest_named("other");
    store.domains[other.uuid] = {other};
    xen.hold("create");
    start_up();
    settle();
    EXPECT_EQ(xen.count("create"), limits::autostarts_at_once);
    EXPECT_EQ(manager->list().size(), 7u) << "clients are served";
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    xen.release("create");
    settle();
    EXPECT_EQ(xen.count("create"), 5u);
    EXPECT_EQ(xen.truth.size(), 5u) << "Domain-0 and all but the one that failed";
    EXPECT_EQ(info(other).domid, -1);
}

TEST_F(Restart, DoesNotStartAgainInTheSameBootWhatWasToBeStartedWithIt) {
    start_up();
    const auto guest = running("web");
    end_of(manager->set_autostart(guest.uuid, true)).value();
    end_of(manager->destroy(guest.uuid)).value();
    restart();
    EXPECT_EQ(xen.count("create"), 1u) << "its owner has ended it";
    boot = "the next one";
    restart();
    EXPECT_EQ(xen.count("create"), 2u);
}

TEST_F(Restart, GoesOnWithTheAutostartThatADaemonHadNotFinished) {
    for (const auto* name : {"a", "b", "c"})
        store.domains[guest_named(name).uuid] = {guest_named(name), true};
    xen.hold("create");
    start_up();
    settle();
    restart();
    xen.release("create");
    settle();
    EXPECT_EQ(xen.truth.size(), 4u) << "Domain-0 and all three";
}

TEST_F(Restart, DoesNotStartAgainWhatRuns) {
    start_up();
    const auto guest = running("web");
    end_of(manager->set_autostart(guest.uuid, true)).value();
    restart();
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_EQ(info(guest).domid, 1);
}

}  // namespace
}  // namespace virtlight::manager
