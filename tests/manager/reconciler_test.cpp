// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::CrashedReason;
using domain::LifecycleAction;
using domain::PausedReason;
using domain::RunningReason;
using domain::ShutdownReason;
using domain::ShutoffReason;
using domain::Status;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Reconciler : public ::testing::Test, protected World {};

// What a guest does by itself

TEST_F(Reconciler, DestroysAGuestThatHasPoweredOff) {
    const auto guest = running("web");
    xen.stop(1, StopReason::poweroff);
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.lives.empty());
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Reconciler, StartsAGuestAnewThatReboots) {
    const auto guest = running("web");
    loop.run_for(limits::quick_life);
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(info(guest).status, Status(RunningReason::booted));
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(store.lives.at(guest.uuid).domid, 2u);
    EXPECT_THAT(xen.followed(), ElementsAre(2u));
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Reconciler, StartsAPersistentGuestAnewWithWhatIsStoredNow) {
    auto guest = running("web");
    guest.vcpus_max = 4;
    end_of(manager->define(guest)).value();
    loop.run_for(limits::quick_life);
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 4u);
    EXPECT_FALSE(manager->is_updated(guest.uuid).value());
}

TEST_F(Reconciler, KeepsATransientGuestThatReboots) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {})).value();
    loop.run_for(limits::quick_life);
    events();
    xen.hold("create");
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_TRUE(exists(guest)) << "between two lives, too";
    xen.release("create");
    settle();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(xen.definitions.at(2).consoles[0].tty, "/dev/pts/2");
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Reconciler, TellsACrashBeforeItStartsTheGuestAnew) {
    auto guest = guest_named("web");
    guest.on_crash = LifecycleAction::restart;
    running(guest);
    loop.run_for(limits::quick_life);
    xen.stop(1, StopReason::crash);
    settle();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("web STOPPED/2", "web STARTED/0"));
}

TEST_F(Reconciler, KeepsACrashedGuestInSightWhereThatIsAskedFor) {
    auto guest = guest_named("web");
    guest.on_crash = LifecycleAction::preserve;
    running(guest);
    xen.stop(1, StopReason::crash);
    look();
    look();
    EXPECT_EQ(info(guest).status, Status(CrashedReason::panicked));
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_THAT(events(), ElementsAre("web CRASHED/0"));
}

TEST_F(Reconciler, TellsThatARebootHasFailed) {
    const auto guest = running("web");
    loop.run_for(limits::quick_life);
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    log::set_level(log::Level::error);
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STOPPED/5"));
}

TEST_F(Reconciler, HoldsAGuestBackThatRebootsAgainAndAgain) {
    const auto guest = running("web");
    const auto restart_takes = [&] {
        xen.stop(domid(guest), StopReason::reboot);
        const auto before = loop.now();
        const auto former = info(guest).domid;
        loop.run_until([&] { return info(guest).domid > former; });
        settle();
        return std::chrono::duration_cast<seconds>(loop.now() - before);
    };
    EXPECT_EQ(restart_takes(), seconds(1));
    EXPECT_EQ(restart_takes(), seconds(2));
    EXPECT_EQ(restart_takes(), seconds(4));
    loop.run_for(limits::quick_life);
    EXPECT_EQ(restart_takes(), seconds(0)) << "it has lived long enough";
    EXPECT_EQ(restart_takes(), seconds(1));
}

TEST_F(Reconciler, LetsAGuestThatIsHeldBackBeDestroyed) {
    const auto guest = running("web");
    xen.stop(1, StopReason::reboot);
    settle();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    loop.run_for(seconds(10));
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.lives.empty());
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STOPPED/1"));
}

TEST_F(Reconciler, LetsAStartWaitForTheRestartThatIsUnderWay) {
    const auto guest = running("web");
    xen.stop(1, StopReason::reboot);
    settle();
    const auto starting = end_of(manager->start(guest.uuid, {}));
    EXPECT_EQ(starting.error().reason, Reason::invalid_state);
    EXPECT_EQ(info(guest).domid, 2);
}

TEST_F(Reconciler, TriesAgainToRemoveWhatAGuestHasLeft) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "stuck"});
    xen.stop(1, StopReason::poweroff);
    settle();
    EXPECT_EQ(xen.count("destroy"), 1u);
    EXPECT_EQ(info(guest).status, Status(ShutdownReason::unknown));
    EXPECT_THAT(events(), IsEmpty());
    loop.run_for(limits::restart_pause);
    EXPECT_EQ(xen.count("destroy"), 2u);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Reconciler, LeavesTheGuestAloneThatHasTheDomidOfOneWhoseRemovalHasFailed) {
    auto web = guest_named("web");
    web.on_reboot = domain::LifecycleAction::restart;
    running(web);
    const auto db = defined("db");
    events();
    xen.fail_next("destroy", {Reason::io, "the answer is lost"});
    xen.stop(1, StopReason::reboot);
    settle();
    xen.truth.erase(1);  // it has gone all the same
    xen.next_domid = 1;
    ASSERT_TRUE(end_of(manager->start(db.uuid, {})));
    look();
    look();
    EXPECT_EQ(info(db).domid, 1);
    EXPECT_EQ(xen.count("destroy"), 1u);
    EXPECT_EQ(info(web).domid, 2) << "and it starts anew";
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0", "db STARTED/0", "web STARTED/0"));
}

TEST_F(Reconciler, ShowsADomainWhoseNameNoFileCanHaveByItsUuid) {
    auto guest = guest_named("odd");
    guest.name = "../odd";
    xen.make(guest);
    xen.call_for_attention();
    look();
    EXPECT_EQ(info(guest).name, to_string(guest.uuid));
    look();
    EXPECT_EQ(info(guest).name, to_string(guest.uuid));
}

TEST_F(Reconciler, ShowsAGuestThatAnotherToolStartsWhileOursIsHeldBack) {
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::restart;
    ASSERT_TRUE(end_of(manager->define(guest)));
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    for (hypervisor::DomId domid = 1; domid < 5; ++domid) {
        loop.run_until([&] { return info(guest).domid == static_cast<int>(domid); });
        xen.stop(domid, StopReason::crash);
    }
    settle();
    ASSERT_EQ(info(guest).domid, -1);
    events();
    const auto made = xen.make(guest);
    look();
    EXPECT_EQ(info(guest).domid, static_cast<int>(made));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0"));
    loop.run_for(limits::longest_restart_pause);
    EXPECT_EQ(info(guest).domid, static_cast<int>(made)) << "and nothing else is started";
}

// What others do

TEST_F(Reconciler, SeesWithinASecondWhatXenTellsNobody) {
    const auto guest = running("web");
    xen.truth.at(1).paused = true;
    loop.run_for(limits::look_interval + milliseconds(1));
    EXPECT_EQ(info(guest).status, Status(PausedReason::user));
    xen.truth.at(1).paused = false;
    loop.run_for(limits::look_interval + milliseconds(1));
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0"));
}

TEST_F(Reconciler, TellsOnceThatAGuestRunsOnWithoutItsDeviceModel) {
    const auto guest = running("win");
    xen.truth.at(1).model_ended = true;
    look();
    look();
    EXPECT_THAT(events(), ElementsAre("win MODEL ENDED"));
    EXPECT_TRUE(info(guest).model_ended);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_THAT(manager->warnings(guest.uuid).value(), ElementsAre(HasSubstr("its device model has ended")));
    ASSERT_TRUE(end_of(manager->reset(guest.uuid)));
    look();
    EXPECT_FALSE(info(guest).model_ended);
    EXPECT_THAT(manager->warnings(guest.uuid).value(), IsEmpty());
}

TEST_F(Reconciler, DoesNotTellOfTheDeviceModelOfAGuestThatIsTakenApartOrSaved) {
    running("destroyed");
    running("saved");
    xen.truth.at(1).paused = true;  // as libxl does first
    xen.truth.at(2).stopped = StopReason::suspend;
    for (const hypervisor::DomId domid : {1U, 2U})
        xen.truth.at(domid).model_ended = true;
    look();
    EXPECT_THAT(events(), ::testing::UnorderedElementsAre("destroyed SUSPENDED/0", "saved PMSUSPENDED/0"));
    xen.truth.at(1).paused = false;
    look();
    EXPECT_THAT(events(), ElementsAre("destroyed RESUMED/0", "destroyed MODEL ENDED")) << "it runs on";
}

TEST_F(Reconciler, SeesThatSomebodyElseHasDestroyedAGuest) {
    const auto guest = running("web");
    xen.vanish(1);
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_TRUE(xen.followed().empty());
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
}

TEST_F(Reconciler, TakesADyingDomainForGoneThoughXenStillListsIt) {
    const auto guest = running("web");
    xen.truth.at(1).dying = true;
    look();
    EXPECT_EQ(info(guest).domid, -1);
    look();
    EXPECT_EQ(manager->list().size(), 2u);
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Reconciler, ListsADomainOfAnotherTool) {
    const auto guest = guest_named("xl-made");
    const auto domid = xen.make(guest);
    xen.call_for_attention();
    settle();
    EXPECT_EQ(info(guest).domid, static_cast<int>(domid));
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_EQ(info(guest).status, Status(RunningReason::unknown));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->consoles[0].tty, "/dev/pts/1");
    EXPECT_TRUE(store.lives.empty()) << "it is not ours to remember";
    EXPECT_THAT(xen.followed(), ElementsAre(domid));
    look();
    EXPECT_THAT(events(), ElementsAre("xl-made STARTED/0"));
}

TEST_F(Reconciler, LetsADomainOfAnotherToolBeOperated) {
    const auto guest = guest_named("xl-made");
    xen.make(guest, true);
    look();
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(exists(guest));
    EXPECT_THAT(events(), ElementsAre("xl-made STARTED/0", "xl-made SUSPENDED/0", "xl-made RESUMED/0",
                                      "xl-made STOPPED/1"));
}

TEST_F(Reconciler, LeavesTheRebootOfAnotherToolsDomainToThatTool) {
    const auto guest = guest_named("xl-made");
    const auto domid = xen.make(guest);
    look();
    xen.stop(domid, StopReason::reboot);
    look();
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_EQ(info(guest).status.state, domain::State::shutdown);
    xen.vanish(domid);
    xen.make(guest);
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("xl-made STARTED/0", "xl-made SHUTDOWN/1", "xl-made STOPPED/0",
                                      "xl-made STARTED/0"));
}

TEST_F(Reconciler, SeesThatAnotherToolRunsADomainThatIsDefinedHere) {
    const auto guest = defined("web");
    xen.make(guest);
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_TRUE(info(guest).persistent);
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    xen.vanish(1);
    settle();
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Reconciler, TakesTheSameDomidWithAnotherUuidForAnotherLife) {
    const auto former = running("former");
    xen.truth.erase(1);
    xen.next_domid = 1;
    const auto latter = guest_named("latter");
    xen.make(latter);
    look();
    EXPECT_EQ(info(former).domid, -1);
    EXPECT_EQ(info(latter).domid, 1);
    EXPECT_EQ(manager->find_by_domid(1)->name, "latter");
    EXPECT_THAT(events(), ElementsAre("former STOPPED/1", "latter STARTED/0"));
}

TEST_F(Reconciler, KeepsTheFirstOfTwoDomainsWithOneUuidAndTakesTheSecondWhenItIsGone) {
    const auto guest = running("web");
    auto twin = guest;
    twin.name = "twin";
    xen.make(twin);
    look();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(manager->list().size(), 2u);
    EXPECT_THAT(events(), IsEmpty());
    xen.vanish(1);
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1", "web STARTED/0"));
}

TEST_F(Reconciler, WaitsWithADomainThatHasNoNameYet) {
    const auto guest = guest_named("xl-made");
    const auto domid = xen.make(guest, true);
    xen.truth.at(domid).name.clear();
    look();
    EXPECT_FALSE(exists(guest));
    EXPECT_EQ(xen.count("describe"), 0u);
    xen.truth.at(domid).name = guest.name;
    look();
    EXPECT_TRUE(exists(guest));
}

TEST_F(Reconciler, ListsADomainThatNobodyCanDescribeByWhatIsSeenOfIt) {
    const auto guest = guest_named("odd");
    xen.make(guest);
    xen.before_effect = [this](const std::string& call) {
        if (call == "describe") xen.fail_next(call, {Reason::operation_failed, "no json"});
    };
    look();
    EXPECT_FALSE(exists(guest)) << "it may be half made";
    loop.run_for(limits::adoption_patience + seconds(1));
    EXPECT_EQ(info(guest).memory_kib, guest.memory_kib);
    EXPECT_EQ(info(guest).name, "odd");
}

TEST_F(Reconciler, FollowsASlowBuildOfAnotherToolUntilItCanBeDescribed) {
    const auto guest = guest_named("slow");
    const auto domid = xen.make(guest, true);
    bool built = false;
    xen.before_effect = [&](const std::string& call) {
        if (call == "describe" && !built) xen.fail_next(call, {Reason::operation_failed, "being built"});
    };
    loop.run_for(limits::foreign_build / 2);
    EXPECT_FALSE(exists(guest));
    built = true;
    xen.truth.at(domid).paused = false;
    look();
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->boot, guest.boot);
}

TEST_F(Reconciler, ListsAPausedDomainThatNobodyCanDescribeAtLast) {
    const auto guest = guest_named("odd");
    xen.make(guest, true);
    xen.before_effect = [this](const std::string& call) {
        if (call == "describe") xen.fail_next(call, {Reason::operation_failed, "no json"});
    };
    loop.run_for(limits::foreign_build - seconds(2));
    EXPECT_FALSE(exists(guest));
    loop.run_for(seconds(4));
    EXPECT_TRUE(exists(guest));
}

TEST_F(Reconciler, IsNotHeldUpByADomainWhoseDescriptionHangs) {
    xen.hold("describe");
    xen.make(guest_named("odd"));
    look();
    const auto guest = running("web");
    xen.vanish(domid(guest));
    settle();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_EQ(xen.count("describe"), 1u);
    xen.release("describe");
    look();
    EXPECT_TRUE(exists(guest_named("odd")));
}

TEST_F(Reconciler, DoesNotHoldUpTheEndOfTheDaemonByADescriptionThatHangs) {
    xen.hold("describe");
    xen.make(guest_named("odd"));
    look();
    ASSERT_EQ(xen.count("describe"), 1u);
    scope.spawn(manager->shut_down());
    settle();
    EXPECT_EQ(scope.in_flight(), 0u);
}

TEST_F(Reconciler, DoesNotAdoptADomainThatIsGoneWhenItsDescriptionComes) {
    xen.hold("describe");
    const auto domid = xen.make(guest_named("brief"));
    look();
    xen.vanish(domid);
    look();
    xen.release("describe");
    look();
    EXPECT_FALSE(exists(guest_named("brief")));
    EXPECT_THAT(events(), IsEmpty());
}

// When to look, and what to believe

TEST_F(Reconciler, MakesOneLookOfAStormOfCalls) {
    settle();
    const auto before = xen.count("look");
    for (int i = 0; i < 1000; ++i)
        xen.call_for_attention();
    settle();
    EXPECT_EQ(xen.count("look"), before + 1);
    EXPECT_EQ(xen.most_looking, 1u);
}

TEST_F(Reconciler, LooksOnceMoreWhenItIsCalledDuringALook) {
    xen.hold("look");
    xen.call_for_attention();
    settle();
    const auto during = xen.count("look");
    for (int i = 0; i < 1000; ++i)
        xen.call_for_attention();
    settle();
    EXPECT_EQ(xen.count("look"), during);
    xen.release("look");
    settle();
    EXPECT_EQ(xen.count("look"), during + 1);
    EXPECT_EQ(xen.most_looking, 1u);
}

TEST_F(Reconciler, DoesNotBelieveALookThatIsOlderThanAnUnpause) {
    const auto guest = running("web");
    end_of(manager->suspend(guest.uuid)).value();
    settle();
    events();
    xen.hold("look");
    xen.call_for_attention();
    settle();  // a look is in flight that has seen the guest paused
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
    xen.release("look");
    look();
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_THAT(events(), ElementsAre("web RESUMED/0"));
}

TEST_F(Reconciler, DoesNotBelieveALookThatWasTakenDuringAPause) {
    const auto guest = running("web");
    xen.hold("pause");
    const auto pausing = begin(manager->suspend(guest.uuid));
    settle();
    xen.hold("look");
    xen.call_for_attention();
    settle();  // has seen the guest running
    xen.release("pause");
    EXPECT_TRUE(end_of(pausing));
    xen.release("look");
    look();
    EXPECT_EQ(info(guest).status, Status(PausedReason::user));
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0"));
}

TEST_F(Reconciler, DoesNotTakeItsOwnHalfMadeDomainForAnotherTools) {
    const auto guest = guest_named("web");
    xen.hold("unpause");
    const auto creating = begin(manager->create(guest, {}));
    look();
    look();
    EXPECT_EQ(xen.count("describe"), 0u);
    xen.release("unpause");
    EXPECT_TRUE(end_of(creating));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0"));
}

TEST_F(Reconciler, DoesNotTakeADomainThatHasJustBeenDestroyedForAnotherTools) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {})).value();
    settle();
    xen.hold("look");
    xen.call_for_attention();
    settle();  // a look is in flight that has seen the guest
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    xen.release("look");
    look();
    EXPECT_EQ(xen.count("describe"), 0u);
    EXPECT_FALSE(exists(guest));
    EXPECT_THAT(events(), ElementsAre("web STARTED/0", "web STOPPED/1"));
}

TEST_F(Reconciler, GoesOnAfterALookThatFailed) {
    const auto guest = running("web");
    xen.fail_next("look", {Reason::internal, "libxl has gone"});
    xen.vanish(1);
    loop.run_for(limits::look_interval + milliseconds(1));
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Reconciler, KeepsTheFiguresOfTheLastLook) {
    const auto guest = running("web");
    xen.truth.at(1).memory_kib = 32 * 1024;
    xen.truth.at(1).cpu_time = seconds(5);
    xen.truth.at(1).vcpus_online = 3;
    look();
    EXPECT_EQ(info(guest).memory_kib, 32u * 1024);
    EXPECT_EQ(info(guest).memory_max_kib, guest.memory_max_kib);
    EXPECT_EQ(info(guest).cpu_time, seconds(5));
    EXPECT_EQ(info(guest).vcpus, 3u);
    EXPECT_EQ(manager->memory_free_kib(), 1234u);
}

TEST_F(Reconciler, ListsTheRunningByDomidAndThenTheOthersByName) {
    running("b");
    running("a");
    defined("d");
    defined("c");
    std::vector<std::string> names;
    for (const auto& each : manager->list())
        names.push_back(each.name);
    EXPECT_THAT(names, ElementsAre("Domain-0", "b", "a", "c", "d"));
}

}  // namespace
}  // namespace virtlight::manager
