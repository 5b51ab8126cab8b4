// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/life_state.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::manager {
namespace {

using domain::CrashedReason;
using domain::EventKind;
using domain::LifecycleAction;
using domain::PausedReason;
using domain::RunningReason;
using domain::ShutdownReason;
using domain::ShutoffReason;
using domain::Status;
using domain::Stopped;
using hypervisor::DomainSeen;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

DomainSeen seen_paused() {
    return {.domid = 1, .paused = true};
}
DomainSeen seen_stopped(StopReason reason) {
    return {.domid = 1, .stopped = reason};
}

TEST(LifeState, StaysAsItIsWhileNothingChanges) {
    for (const Status status : {Status(RunningReason::booted), Status(RunningReason::unpaused)}) {
        const DomainSeen seen;
        const auto verdict = judge({}, status, &seen);
        EXPECT_EQ(verdict.status, status);
        EXPECT_THAT(verdict.events, IsEmpty());
        EXPECT_FALSE(verdict.ending || verdict.over);
    }
    const auto paused = seen_paused();
    EXPECT_EQ(judge({}, PausedReason::starting_up, &paused).status, Status(PausedReason::starting_up));
}

TEST(LifeState, TellsThatSomebodyElseHasPausedOrUnpausedIt) {
    const auto paused = seen_paused();
    const auto to_paused = judge({}, RunningReason::booted, &paused);
    EXPECT_EQ(to_paused.status, Status(PausedReason::user));
    EXPECT_THAT(to_paused.events, ElementsAre(EventKind(domain::Suspended::paused)));

    const DomainSeen running;
    const auto to_running = judge({}, PausedReason::user, &running);
    EXPECT_EQ(to_running.status, Status(RunningReason::unpaused));
    EXPECT_THAT(to_running.events, ElementsAre(EventKind(domain::Resumed::unpaused)));
}

struct StopCase {
    StopReason reason;
    LifecycleAction action;  ///< for whatever kind of stop it is
    Status status;
    std::optional<ShutoffReason> ends;  ///< empty: it stays, stopped
    EventKind told;                     ///< at the end, or at once if it stays
    bool restarts;
};

class StoppedGuest : public ::testing::TestWithParam<StopCase> {};

TEST_P(StoppedGuest, IsTreatedAsItsDefinitionAsks) {
    const auto& expected = GetParam();
    Life life;
    life.definition.on_poweroff = life.definition.on_reboot = life.definition.on_crash = expected.action;
    const auto seen = seen_stopped(expected.reason);
    const auto verdict = judge(life, RunningReason::booted, &seen);
    EXPECT_EQ(verdict.status, expected.status);
    EXPECT_FALSE(verdict.over);
    if (expected.ends) {
        ASSERT_TRUE(verdict.ending);
        EXPECT_EQ(verdict.ending->reason, *expected.ends);
        EXPECT_EQ(verdict.ending->told, expected.told);
        EXPECT_EQ(verdict.ending->restart, expected.restarts);
        const bool dumps = expected.action == LifecycleAction::coredump_destroy ||
                           expected.action == LifecycleAction::coredump_restart;
        EXPECT_EQ(verdict.ending->dump, dumps);
        EXPECT_EQ(verdict.ending->soft_reset, expected.reason == StopReason::soft_reset);
        if (expected.reason != StopReason::watchdog)
            EXPECT_THAT(verdict.events, IsEmpty()) << "told when it is gone";
    } else {
        EXPECT_FALSE(verdict.ending);
        EXPECT_THAT(verdict.events, ElementsAre(expected.told));
    }
}

const Status in_shutdown = ShutdownReason::unknown;
const Status panicked = CrashedReason::panicked;
using enum LifecycleAction;

INSTANTIATE_TEST_SUITE_P(
    LifeState, StoppedGuest,
    ::testing::Values(
        StopCase{StopReason::poweroff, destroy, in_shutdown, ShutoffReason::shutdown, Stopped::shutdown,
                 false},
        StopCase{StopReason::poweroff, restart, in_shutdown, ShutoffReason::shutdown, Stopped::shutdown,
                 true},
        StopCase{StopReason::poweroff, preserve, in_shutdown, {}, domain::ShutdownFinished::guest, false},
        StopCase{StopReason::reboot, restart, in_shutdown, ShutoffReason::shutdown, domain::Rebooted{}, true},
        StopCase{StopReason::reboot, rename_restart, in_shutdown, ShutoffReason::shutdown, domain::Rebooted{},
                 true},
        StopCase{StopReason::reboot, destroy, in_shutdown, ShutoffReason::shutdown, Stopped::shutdown, false},
        StopCase{StopReason::reboot, preserve, in_shutdown, {}, domain::ShutdownFinished::guest, false},
        StopCase{StopReason::soft_reset, restart, in_shutdown, ShutoffReason::shutdown, domain::Rebooted{},
                 true},
        StopCase{StopReason::crash, destroy, panicked, ShutoffReason::crashed, Stopped::crashed, false},
        StopCase{StopReason::crash, coredump_destroy, panicked, ShutoffReason::crashed, Stopped::crashed,
                 false},
        StopCase{StopReason::crash, restart, panicked, ShutoffReason::crashed, Stopped::crashed, true},
        StopCase{StopReason::crash, coredump_restart, panicked, ShutoffReason::crashed, Stopped::crashed,
                 true},
        StopCase{StopReason::crash, preserve, panicked, {}, domain::Crashed::panicked, false},
        StopCase{StopReason::watchdog, destroy, panicked, ShutoffReason::crashed, Stopped::crashed, false},
        StopCase{StopReason::unknown, destroy, panicked, ShutoffReason::crashed, Stopped::crashed, false}));

TEST(LifeState, TellsAtOnceOfAWatchdogAndWhatBecomesOfItsGuest) {
    using domain::WatchdogAction;
    Life life;
    const auto seen = seen_stopped(StopReason::watchdog);
    const auto told = [&](LifecycleAction action) {
        life.definition.on_crash = action;
        return judge(life, RunningReason::booted, &seen).events;
    };
    const auto fired = [](WatchdogAction action) { return EventKind(domain::WatchdogFired{action}); };
    EXPECT_THAT(told(destroy), ElementsAre(fired(WatchdogAction::poweroff)));
    EXPECT_THAT(told(coredump_restart), ElementsAre(fired(WatchdogAction::reset)));
    EXPECT_THAT(told(preserve),
                ElementsAre(fired(WatchdogAction::none), EventKind(domain::Crashed::panicked)));
    life.ours = false;
    EXPECT_THAT(told(destroy),
                ElementsAre(fired(WatchdogAction::none), EventKind(domain::Crashed::panicked)));
}

TEST(LifeState, ChoosesTheActionByTheKindOfStop) {
    Life life;
    life.definition.on_poweroff = preserve;
    life.definition.on_reboot = restart;
    life.definition.on_crash = destroy;
    const auto off = seen_stopped(StopReason::poweroff);
    const auto reboot = seen_stopped(StopReason::reboot);
    const auto crash = seen_stopped(StopReason::crash);
    EXPECT_FALSE(judge(life, RunningReason::booted, &off).ending);
    EXPECT_TRUE(judge(life, RunningReason::booted, &reboot).ending->restart);
    EXPECT_FALSE(judge(life, RunningReason::booted, &crash).ending->restart);
}

TEST(LifeState, LeavesTheStoppedGuestOfAnotherToolToThatTool) {
    Life life;
    life.ours = false;
    const auto seen = seen_stopped(StopReason::reboot);
    const auto verdict = judge(life, RunningReason::booted, &seen);
    EXPECT_FALSE(verdict.ending);
    EXPECT_EQ(verdict.status, Status(ShutdownReason::unknown));
    EXPECT_THAT(verdict.events, ElementsAre(EventKind(domain::ShutdownFinished::guest)));
}

TEST(LifeState, SaysThatAShutdownWasAskedFor) {
    Life life;
    life.stop_asked = true;
    life.definition.on_poweroff = preserve;
    const auto seen = seen_stopped(StopReason::poweroff);
    const auto verdict = judge(life, RunningReason::booted, &seen);
    EXPECT_EQ(verdict.status, Status(ShutdownReason::user));
    EXPECT_THAT(verdict.events, ElementsAre(EventKind(domain::ShutdownFinished::host)));
}

TEST(LifeState, JudgesAStopOnce) {
    Life life;
    life.stopped = StopReason::poweroff;
    const auto seen = seen_stopped(StopReason::poweroff);
    const auto verdict = judge(life, ShutdownReason::unknown, &seen);
    EXPECT_EQ(verdict.status, Status(ShutdownReason::unknown));
    EXPECT_FALSE(verdict.ending);
    EXPECT_THAT(verdict.events, IsEmpty());
}

TEST(LifeState, ShowsASuspendedGuestAsSuspendedUntilItWakes) {
    const auto asleep = seen_stopped(StopReason::suspend);
    const auto to_sleep = judge({}, RunningReason::booted, &asleep);
    EXPECT_EQ(to_sleep.status.state, domain::State::pm_suspended);
    EXPECT_FALSE(to_sleep.ending);
    EXPECT_THAT(to_sleep.events, ElementsAre(EventKind(domain::PmSuspended::memory)));

    Life life;
    life.stopped = StopReason::suspend;
    const DomainSeen awake;
    const auto woken = judge(life, to_sleep.status, &awake);
    EXPECT_EQ(woken.status, Status(RunningReason::wakeup));
    EXPECT_THAT(woken.events, ElementsAre(EventKind(domain::Started::wakeup)));
}

TEST(LifeState, GivesTheBestReasonForADomainThatIsGone) {
    const auto over = [](std::optional<StopReason> stopped, bool asked, bool ours = true) {
        Life life;
        life.ours = ours;
        life.stopped = stopped;
        life.stop_asked = asked;
        return judge(life, RunningReason::booted, nullptr).over;
    };
    EXPECT_EQ(over({}, false), ShutoffReason::destroyed);
    EXPECT_EQ(over({}, true), ShutoffReason::destroyed) << "nobody but us removes what has stopped of ours";
    EXPECT_EQ(over({}, true, false), ShutoffReason::shutdown) << "the tool that made it may be quick";
    EXPECT_EQ(over({}, false, false), ShutoffReason::destroyed);
    EXPECT_EQ(over(StopReason::poweroff, false), ShutoffReason::shutdown);
    EXPECT_EQ(over(StopReason::reboot, false), ShutoffReason::shutdown);
    EXPECT_EQ(over(StopReason::crash, true), ShutoffReason::crashed);
    EXPECT_EQ(over(StopReason::suspend, false), ShutoffReason::saved);
}

TEST(LifeState, TakesADyingDomainForGone) {
    const DomainSeen dying{.domid = 1, .dying = true};
    EXPECT_EQ(judge({}, RunningReason::booted, &dying).over, ShutoffReason::destroyed);
}

TEST(LifeState, SeesOfADyingDomainHowItHadStopped) {
    const DomainSeen dying{.domid = 1, .dying = true, .stopped = StopReason::poweroff};
    EXPECT_EQ(judge({}, RunningReason::booted, &dying).over, ShutoffReason::shutdown);
    Life life;
    life.stopped = StopReason::crash;
    const DomainSeen husk{.domid = 1, .dying = true};
    EXPECT_EQ(judge(life, domain::CrashedReason::panicked, &husk).over, ShutoffReason::crashed);
}

TEST(LifeState, NamesTheEventThatGoesWithTheEnd) {
    EXPECT_EQ(stopped_event(ShutoffReason::shutdown), Stopped::shutdown);
    EXPECT_EQ(stopped_event(ShutoffReason::destroyed), Stopped::destroyed);
    EXPECT_EQ(stopped_event(ShutoffReason::crashed), Stopped::crashed);
    EXPECT_EQ(stopped_event(ShutoffReason::saved), Stopped::saved);
    EXPECT_EQ(stopped_event(ShutoffReason::failed), Stopped::failed);
}

TEST(LifeState, HoldsAGuestBackLongerWithEachShortLifeUpToABound) {
    EXPECT_EQ(restart_pause(0), Duration::zero());
    EXPECT_EQ(restart_pause(1), limits::restart_pause);
    EXPECT_EQ(restart_pause(2), 2 * limits::restart_pause);
    EXPECT_EQ(restart_pause(4), 8 * limits::restart_pause);
    EXPECT_EQ(restart_pause(1'000'000'000), limits::longest_restart_pause);
}

TEST(LifeState, LetsAGuestRestLongerWithEachDescriptionInVainUpToABound) {
    EXPECT_EQ(describe_pause(1), limits::describe_pause);
    EXPECT_EQ(describe_pause(3), 4 * limits::describe_pause);
    EXPECT_EQ(describe_pause(1'000'000'000), limits::longest_describe_pause);
}

}  // namespace
}  // namespace virtlight::manager
