// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::PausedReason;
using domain::PmSuspendedReason;
using domain::RunningReason;
using domain::ShutoffReason;
using domain::State;
using domain::Status;
using hypervisor::ShutdownMethod;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Controls : public ::testing::Test, protected World {
 protected:
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    /// Another tool's.
    domain::Definition foreign() {
        const auto guest = guest_named("foreign");
        xen.make(guest);
        xen.call_for_attention();
        look();
        events();
        return guest;
    }
};

// Reset

TEST_F(Controls, AResetMakesTheGuestAnewWithTheDefinitionThatItRanWith) {
    auto guest = running("web");
    auto next = guest;
    next.vcpus_max = 7;
    ASSERT_TRUE(end_of(manager->define(next)));
    events();
    EXPECT_TRUE(end_of(manager->reset(guest.uuid)));
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).vcpus_max, 1);
    EXPECT_EQ(info(guest).status, Status(RunningReason::booted));
    look();
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
    EXPECT_EQ(store.lives.at(guest.uuid).domid, 2);
}

TEST_F(Controls, AResetLeavesAPausedGuestPaused) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    EXPECT_TRUE(end_of(manager->reset(guest.uuid)));
    EXPECT_EQ(info(guest).status, Status(PausedReason::user));
}

TEST_F(Controls, AResetOfATransientGuestKeepsIt) {
    const auto guest = guest_named("passing");
    ASSERT_TRUE(end_of(manager->create(guest, {})));
    EXPECT_TRUE(end_of(manager->reset(guest.uuid)));
    EXPECT_TRUE(exists(guest));
}

TEST_F(Controls, AResetThatCannotMakeTheGuestAnewSaysThatItHasStopped) {
    const auto guest = running("web");
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    expect_refused(end_of(manager->reset(guest.uuid)), Reason::operation_failed,
                   "cannot reset domain 'web': no memory");
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::failed));
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STOPPED/5"));
}

TEST_F(Controls, AResetIsRefusedOfWhatDoesNotRunOrBelongsToAnotherTool) {
    const auto off = defined("off");
    expect_refused(end_of(manager->reset(off.uuid)), Reason::invalid_state, "not running");
    const auto other = foreign();
    expect_refused(end_of(manager->reset(other.uuid)), Reason::unsupported_operation, "another tool");
    EXPECT_EQ(xen.count("destroy"), 0u);
    expect_refused(end_of(manager->reset(Uuid())), Reason::invalid_state, "Domain-0");
}

// NMI

TEST_F(Controls, AnNmiGoesToTheGuest) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->inject_nmi(guest.uuid)));
    EXPECT_EQ(xen.count("nmi"), 1u);
    const auto off = defined("off");
    expect_refused(end_of(manager->inject_nmi(off.uuid)), Reason::invalid_state,
                   "cannot inject an NMI into domain 'off': domain is not running");
}

// Keys

TEST_F(Controls, KeysGoToAnHvmGuestAndToNoOther) {
    auto guest = guest_named("desktop");
    guest.type = domain::GuestType::hvm;
    ASSERT_TRUE(end_of(manager->create(guest, {})));
    EXPECT_TRUE(end_of(manager->send_keys(guest.uuid, {.keys = {29, 56, 0xd3}, .held = milliseconds(40)})));
    ASSERT_EQ(xen.pressed.size(), 1u);
    EXPECT_THAT(xen.pressed[0].keys, ElementsAre(29, 56, 0xd3));
    EXPECT_EQ(xen.pressed[0].held, milliseconds(40));
    expect_refused(
        end_of(manager->send_keys(running("web").uuid, {.keys = {1}})), Reason::unsupported_operation,
        "cannot send keys to domain 'web': it is a PV guest, and only an HVM guest has a keyboard");
    expect_refused(end_of(manager->send_keys(defined("off").uuid, {.keys = {1}})), Reason::invalid_state,
                   "not running");
    EXPECT_EQ(xen.pressed.size(), 1u);
}

TEST_F(Controls, SysRqGoesToTheKernelOfAGuestWithoutAKeyboard) {
    const auto web = running("web");
    EXPECT_TRUE(end_of(manager->send_keys(web.uuid, {.keys = {0x38, 0x54, 35}})));
    EXPECT_TRUE(end_of(manager->send_keys(web.uuid, {.keys = {11, 0xb7, 0xb8}})));
    EXPECT_EQ(xen.sysrqs, "h0");
    for (const auto& keys : {std::vector<std::uint8_t>{0x54, 35},
                             {0x38, 35},
                             {0x38, 0x54},
                             {0x38, 0x54, 1},
                             {0x38, 0x54, 35, 36}})
        expect_refused(end_of(manager->send_keys(web.uuid, {.keys = keys})), Reason::unsupported_operation,
                       "only an HVM guest has a keyboard");
    auto desktop = guest_named("desktop");
    desktop.type = domain::GuestType::hvm;
    ASSERT_TRUE(end_of(manager->create(desktop, {})));
    EXPECT_TRUE(end_of(manager->send_keys(desktop.uuid, {.keys = {0x38, 0x54, 35}})));
    EXPECT_EQ(xen.sysrqs, "h0");
    EXPECT_EQ(xen.pressed.size(), 1u);
}

// Rebooting by the power button

TEST_F(Controls, ARebootOfAGuestThatDoesNotListenPressesItsButtonAndStartsItAnew) {
    const auto guest = running("web");
    xen.fail_next("reboot", {Reason::unsupported_operation, "no drivers"});
    EXPECT_TRUE(end_of(manager->reboot(guest.uuid)));
    EXPECT_EQ(xen.count("acpi"), 1u);
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Controls, ARebootOfAnotherToolsGuestThatDoesNotListenIsRefused) {
    const auto guest = guest_named("xl-made");
    xen.make(guest);
    look();
    xen.fail_next("reboot", {Reason::unsupported_operation, "no drivers"});
    expect_refused(end_of(manager->reboot(guest.uuid)), Reason::unsupported_operation,
                   "the power button would only end it; have that tool reboot it");
    EXPECT_EQ(xen.count("acpi"), 0u);
}

TEST_F(Controls, ARebootByAcpiPressesTheButtonAtOnce) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    EXPECT_EQ(xen.count("reboot"), 0u);
    EXPECT_EQ(xen.count("acpi"), 1u);
}

TEST_F(Controls, ARebootInOneWayDoesNotTryTheOther) {
    const auto guest = running("web");
    xen.fail_next("reboot", {Reason::unsupported_operation, "no drivers"});
    expect_refused(end_of(manager->reboot(guest.uuid, ShutdownMethod::paravirtual)),
                   Reason::unsupported_operation, "no drivers");
    EXPECT_EQ(xen.count("acpi"), 0u);
}

TEST_F(Controls, AShutdownAfterARebootThatWasIgnoredStopsTheGuest) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    EXPECT_TRUE(end_of(manager->shutdown(guest.uuid, ShutdownMethod::acpi)));
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Controls, AShutdownThatIsAbortedLeavesTheRebootBeforeItInForce) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    EXPECT_FALSE(store.lives.at(guest.uuid).again);
    ASSERT_TRUE(manager->abort_job(guest.uuid));
    EXPECT_FALSE(end_of(asking));
    EXPECT_TRUE(store.lives.at(guest.uuid).again) << "the next daemon is to know it, too";
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Controls, AButtonThatCannotBePressedAgainIsNotForgotten) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    xen.fail_next("acpi", {Reason::operation_failed, "no answer"});
    EXPECT_FALSE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Controls, AButtonThatCannotBePressedIsForgotten) {
    const auto guest = running("web");
    xen.fail_next("acpi", {Reason::unsupported_operation, "no button"});
    EXPECT_FALSE(end_of(manager->reboot(guest.uuid, ShutdownMethod::acpi)));
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

// Sleeping

TEST_F(Controls, AGuestSleepsAndWakes) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->sleep(guest.uuid)));
    EXPECT_EQ(info(guest).status, Status(PmSuspendedReason::unknown));
    look();
    EXPECT_TRUE(end_of(manager->wake(guest.uuid)));
    EXPECT_EQ(info(guest).status, Status(RunningReason::wakeup));
    look();
    EXPECT_THAT(events(), ElementsAre("web PMSUSPENDED/0", "web STARTED/4"));
}

TEST_F(Controls, ASleepingGuestSleepsOnWhenTheDaemonIsStartedAnew) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->sleep(guest.uuid)));
    restart();
    look();
    EXPECT_EQ(info(guest).status, Status(PmSuspendedReason::unknown));
    EXPECT_EQ(xen.count("resume"), 0u);
    EXPECT_TRUE(end_of(manager->wake(guest.uuid)));
    EXPECT_THAT(events(), ElementsAre("web PMSUSPENDED/0", "web STARTED/4"));
}

TEST_F(Controls, OnlyARunningGuestSleepsAndOnlyASleepingOneWakes) {
    const auto guest = running("web");
    expect_refused(end_of(manager->wake(guest.uuid)), Reason::invalid_state, "running, and not suspended");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    expect_refused(end_of(manager->sleep(guest.uuid)), Reason::invalid_state, "has to be running");
    ASSERT_TRUE(end_of(manager->resume(guest.uuid)));
    ASSERT_TRUE(end_of(manager->sleep(guest.uuid)));
    expect_refused(end_of(manager->sleep(guest.uuid)), Reason::invalid_state, "pmsuspended");
    expect_refused(end_of(manager->suspend(guest.uuid)), Reason::invalid_state, "pmsuspended");
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    expect_refused(end_of(manager->wake(guest.uuid)), Reason::invalid_state, "not running");
}

TEST_F(Controls, AGuestThatCannotSleepGoesOn) {
    const auto guest = running("web");
    xen.fail_next("suspend", {Reason::timed_out, "no answer"});
    expect_refused(end_of(manager->sleep(guest.uuid)), Reason::timed_out, "no answer");
    look();
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_THAT(events(), IsEmpty());
}

// Core dumps

const std::filesystem::path core_file = "/tmp/web.core";

TEST_F(Controls, ADumpPausesTheGuestForItsTime) {
    const auto guest = running("web");
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    EXPECT_EQ(info(guest).status, Status(PausedReason::dump));
    EXPECT_EQ(manager->job(guest.uuid)->operation, JobReport::Operation::dump);
    xen.release("dump");
    EXPECT_TRUE(end_of(dumping));
    EXPECT_TRUE(xen.dumps.at(core_file));
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_EQ(manager->last_job(guest.uuid)->state, JobReport::State::completed);
    look();
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0", "web JOB/completed"));
}

TEST_F(Controls, ALiveDumpLetsTheGuestRun) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->dump_core(guest.uuid, core_file, {.live = true})));
    EXPECT_FALSE(xen.dumps.at(core_file));
    EXPECT_THAT(events(), ElementsAre("web JOB/completed"));
}

TEST_F(Controls, ADumpLeavesAPausedGuestPaused) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    events();
    EXPECT_TRUE(end_of(manager->dump_core(guest.uuid, core_file, {})));
    EXPECT_EQ(info(guest).status, Status(PausedReason::user));
    EXPECT_THAT(events(), ElementsAre("web JOB/completed"));
}

TEST_F(Controls, ADumpCanEndTheGuestAsCrashedOrResetIt) {
    using enum DumpOptions::Then;
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->dump_core(guest.uuid, core_file, {.then = end_as_crashed})));
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::crashed));
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web STOPPED/2", "web JOB/completed"));
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    events();
    EXPECT_TRUE(end_of(manager->dump_core(guest.uuid, core_file, {.then = reset})));
    EXPECT_EQ(info(guest).domid, 3);
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0", "web REBOOT", "web STARTED/0",
                                      "web JOB/completed"));
}

TEST_F(Controls, ADumpThatFailsOrIsAbortedLeavesTheGuestAsItWas) {
    const auto guest = running("web");
    xen.fail_next("dump", {Reason::io, "the disk is full"});
    expect_refused(
        end_of(manager->dump_core(guest.uuid, core_file, {.then = DumpOptions::Then::end_as_crashed})),
        Reason::io, "cannot dump the core of domain 'web': the disk is full");
    EXPECT_EQ(info(guest).status.state, State::running);
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    expect_refused(end_of(dumping), Reason::cancelled, "aborted by a client");
    look();
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_TRUE(xen.dumps.empty());
}

TEST_F(Controls, ADumpLetsItsGuestRunUntilThereIsAFileAndATurnForIt) {
    const auto guest = running("web");
    xen.hold("create_core");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    look();
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_NE(store.lives.at(guest.uuid).held, Held::dumping);
    xen.hold("dump");
    xen.release("create_core");
    settle();
    EXPECT_EQ(info(guest).status, Status(PausedReason::dump));
    xen.release("dump");
    EXPECT_TRUE(end_of(dumping));
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
}

TEST_F(Controls, ADumpThatIsAbortedWhileItWaitsHasPausedNobody) {
    const auto guest = running("web");
    xen.hold("create_core");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    expect_refused(end_of(dumping), Reason::cancelled, "aborted by a client");
    EXPECT_EQ(xen.count("pause"), 0u);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Controls, WhatBecomesOfAGuestWhileItsDumpWaitsIsSeen) {
    const auto guest = running("web");
    xen.hold("create_core");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    xen.stop(1, StopReason::poweroff);
    EXPECT_FALSE(end_of(dumping));
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_EQ(xen.count("pause"), 0u);
}

TEST_F(Controls, ADumpLeavesAGuestPausedThatAnotherToolHasPausedWhileItWaited) {
    const auto guest = running("web");
    xen.hold("create_core");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    xen.truth.at(1).paused = true;
    look();
    xen.release("create_core");
    EXPECT_TRUE(end_of(dumping));
    EXPECT_TRUE(xen.truth.at(1).paused);
    EXPECT_EQ(info(guest).status.state, State::paused);
    EXPECT_EQ(xen.count("pause"), 0u);
}

TEST_F(Controls, AGuestThatCannotBeEndedAfterItsDumpGoesOn) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "stuck"});
    expect_refused(
        end_of(manager->dump_core(guest.uuid, core_file, {.then = DumpOptions::Then::end_as_crashed})),
        Reason::operation_failed, "cannot dump the core of domain 'web': stuck");
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    look();
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0", "web JOB/failed"));
}

TEST_F(Controls, AGuestThatNeitherEndsAfterItsDumpNorGoesOnIsToldToStayPaused) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "stuck"});
    xen.fail_next("unpause", {Reason::operation_failed, "no way"});
    expect_refused(
        end_of(manager->dump_core(guest.uuid, core_file, {.then = DumpOptions::Then::end_as_crashed})),
        Reason::operation_failed, "stuck; and the guest stays paused: no way");
    EXPECT_EQ(info(guest).status, Status(PausedReason::dump));
}

TEST_F(Controls, AGuestThatMayStillEndAfterItsDumpIsNotLetRun) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::timed_out, "it was given up"});
    expect_refused(
        end_of(manager->dump_core(guest.uuid, core_file, {.then = DumpOptions::Then::end_as_crashed})),
        Reason::timed_out, "it was given up; and the guest stays paused: it may still be ended");
    EXPECT_TRUE(xen.truth.at(1).paused);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::ending) << "the next daemon ends it";
}

TEST_F(Controls, ADumpThatIsAbortedSaysThatItsGuestStaysPaused) {
    const auto guest = running("web");
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    xen.fail_next("unpause", {Reason::timed_out, "no answer"});
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    expect_refused(end_of(dumping), Reason::operation_failed, "the guest stays paused: no answer");
}

TEST_F(Controls, ADumpGivesWayToADestroy) {
    const auto guest = running("web");
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(end_of(dumping));
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
}

TEST_F(Controls, AGuestWhoseDumpADaemonHasNotSurvivedGoesOn) {
    const auto guest = running("web");
    xen.hold("dump");
    const auto dumping = begin(manager->dump_core(guest.uuid, core_file, {}));
    settle();
    const auto during = store.lives.at(guest.uuid);
    EXPECT_EQ(during.held, Held::dumping);
    xen.release("dump");
    EXPECT_TRUE(end_of(dumping));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);

    // As it was when the daemon was killed.
    store.lives[guest.uuid] = during;
    xen.truth.at(1).paused = true;
    restart();
    look();
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Controls, AGuestWhoseDumpADaemonHasNotSurvivedGivesItsPauseToNoneThatComesAfterIt) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::dumping;
    xen.truth.at(1).paused = true;
    xen.truth.at(1).stopped = StopReason::reboot;
    restart();
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Controls, AGuestWhoseDumpADaemonHasNotSurvivedIsNotToldToGoOnOnceItHasBeenReset) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::dumping;
    xen.truth.at(1).paused = true;
    xen.truth.at(1).stopped = StopReason::soft_reset;
    restart();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_THAT(events(), ElementsAre("web REBOOT"));
}

TEST_F(Controls, ADumpThatCannotBeNotedPausesNobody) {
    const auto guest = running("web");
    store.fail_write(1);
    expect_refused(end_of(manager->dump_core(guest.uuid, core_file, {})), Reason::io, "the disk is full");
    EXPECT_EQ(xen.count("pause"), 0u);
    EXPECT_EQ(xen.count("dump"), 0u);
}

TEST_F(Controls, ADumpOfACrashedGuestThatWasKeptWorks) {
    auto guest = guest_named("kept");
    guest.on_crash = domain::LifecycleAction::preserve;
    running(guest);
    xen.stop(1, StopReason::crash);
    look();
    EXPECT_EQ(info(guest).status.state, State::crashed);
    EXPECT_TRUE(end_of(manager->dump_core(guest.uuid, core_file, {})));
    EXPECT_EQ(info(guest).status.state, State::crashed);
}

}  // namespace
}  // namespace virtlight::manager
