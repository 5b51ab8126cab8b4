// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

/// What is noted of a guest for the next daemon, and what that makes of it when the guest went its own way.
namespace virtlight::manager {
namespace {

using domain::State;
using hypervisor::StopReason;
using ::testing::ElementsAre;

class Note : public ::testing::Test, protected World {
 protected:
    Held noted(const domain::Definition& guest) const { return store.lives.at(guest.uuid).held; }
    /// As an operation leaves it whose last step has failed.
    void stale(const domain::Definition& guest, Held held) { store.lives.at(guest.uuid).held = held; }
    /// A transient guest: nothing else has its definition. It is waited for.
    domain::Definition one_that_reboots_while_the_disk_is_full() {
        auto guest = guest_named("passing");
        guest.on_reboot = domain::LifecycleAction::restart;
        EXPECT_TRUE(end_of(manager->create(guest, {})));
        store.is_full = true;
        xen.stop(1, StopReason::reboot);
        loop.run_for(seconds(20));
        return guest;
    }
};

TEST_F(Note, OfAStartIsGoneWhenTheNextDaemonFindsThatTheGuestRuns) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).again = true;
    ASSERT_EQ(noted(guest), Held::starting);
    restart();
    settle();
    EXPECT_EQ(noted(guest), Held::no);
    EXPECT_FALSE(store.lives.at(guest.uuid).again) << "what removes it now means it";
}

TEST_F(Note, OfADestroyStandsWhenTheDaemonIsStoppedInItsMidst) {
    const auto guest = running("web");
    xen.hold("destroy");
    begin(manager->destroy(guest.uuid));
    settle();
    prepare = [this, uuid = guest.uuid] {
        EXPECT_EQ(store.lives.at(uuid).held, Held::ending);
        xen.truth.at(1).paused = true;  // as libxl begins
        xen.release("destroy");
    };
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "it is finished";
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Note, OfADestroyStandsWhateverTheGuestWasAskedForBefore) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->reboot(guest.uuid, hypervisor::ShutdownMethod::acpi)));
    xen.hold("destroy");
    begin(manager->destroy(guest.uuid));
    settle();
    prepare = [this, uuid = guest.uuid] {
        EXPECT_FALSE(store.lives.at(uuid).again);
        xen.truth.at(1).paused = true;  // as libxl begins
        xen.release("destroy");
    };
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "it is not started anew";
}

TEST_F(Note, OfADestroyIsThereThoughOneBeforeIsLost) {
    const auto guest = running("web");
    store.fail_write(1);
    ASSERT_FALSE(end_of(manager->suspend(guest.uuid)));
    xen.hold("destroy");
    begin(manager->destroy(guest.uuid));
    settle();
    EXPECT_EQ(noted(guest), Held::ending);
    xen.release("destroy");
}

TEST_F(Note, OfAChangeDoesNotForgetThatTheGuestIsToReboot) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->reboot(guest.uuid, hypervisor::ShutdownMethod::acpi)));
    prepare = [&] { stale(guest, Held::devices); };
    restart();
    settle();
    xen.stop(1, StopReason::poweroff);
    look();
    settle();
    EXPECT_EQ(info(guest).domid, 2);
}

TEST_F(Note, OfADestroyIsGoneWhenXenRefusesIt) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "no"});
    EXPECT_FALSE(end_of(manager->destroy(guest.uuid)));
    EXPECT_EQ(noted(guest), Held::no);
}

TEST_F(Note, ThatAGuestIsToGoIsGoneWhenItIsWokenAgain) {
    const auto guest = running("web");
    xen.hold("destroy");
    begin(manager->save(guest.uuid, "/tmp/image", {}));
    loop.run_for(limits::destroy_deadline + seconds(10));
    xen.release("destroy");
    ASSERT_EQ(noted(guest), Held::ending) << "it could not be removed";
    ASSERT_TRUE(end_of(manager->wake(guest.uuid)));
    EXPECT_EQ(noted(guest), Held::no);
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    restart();
    settle();
    EXPECT_EQ(info(guest).status.state, State::paused) << "and goes on as it was";
}

TEST_F(Note, IsPutRightBeforeAGuestIsPausedOrPutToSleep) {
    const auto guest = running("web");
    ASSERT_EQ(noted(guest), Held::starting);
    ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));
    EXPECT_EQ(noted(guest), Held::no);
    ASSERT_TRUE(end_of(manager->resume(guest.uuid)));
    ASSERT_TRUE(end_of(manager->sleep(guest.uuid)));
    EXPECT_EQ(noted(guest), Held::no);
}

TEST_F(Note, OfARebootByTheButtonOutlivesTheDaemon) {
    auto guest = guest_named("web");
    guest.on_reboot = domain::LifecycleAction::restart;
    running(guest);
    ASSERT_TRUE(end_of(manager->reboot(guest.uuid, hypervisor::ShutdownMethod::acpi)));
    prepare = [this] { xen.truth.at(1).stopped = StopReason::poweroff; };
    restart();
    loop.run_for(limits::restart_pause + seconds(1));
    EXPECT_EQ(info(guest).domid, 2) << "it starts anew";
    EXPECT_EQ(info(guest).status.state, State::running);
}

TEST_F(Note, OfARebootByTheButtonIsGoneWhenTheGuestIsToShutDown) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->reboot(guest.uuid, hypervisor::ShutdownMethod::acpi)));
    ASSERT_TRUE(end_of(manager->shutdown(guest.uuid, {})));
    prepare = [this] { xen.truth.at(1).stopped = StopReason::poweroff; };
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Note, ThatAGuestStartsWithTheHostIsNotLostWithAStartThatWasCutOff) {
    const auto guest = guest_named("web");
    prepare = [&] {
        boot = "the next one";
        store.domains[guest.uuid] = {guest, true};
        store.lives[guest.uuid] = {guest, 0};
        xen.make(guest, true);
    };
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, State::running);
}

TEST_F(Note, OfASaveThatCannotBeSettledShowsTheGuestAsSuspendedAndKeepsItsImage) {
    const auto guest = running("web");
    prepare = [&] {
        stale(guest, Held::saving);
        store.images.insert(guest.uuid);
        xen.truth.at(1).stopped = StopReason::suspend;
        xen.hold("destroy");
    };
    restart();
    loop.run_for(limits::destroy_deadline + seconds(10));
    EXPECT_EQ(info(guest).status.state, State::pm_suspended);
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
    xen.release("destroy");
}

TEST_F(Note, ThatAGuestWasNeverLetRunOutlivesWhatIsChangedOfIt) {
    const auto guest = guest_named("web");
    ASSERT_TRUE(end_of(manager->define(guest)));
    xen.fail_next("unpause", {Reason::operation_failed, "it stays"});
    xen.fail_next("destroy", {Reason::operation_failed, "it hangs"});
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    const Affects both{.guest = true, .definition = true};
    const domain::Disk disk{.target = *domain::parse_disk_name("xvdb"),
                            .source = domain::Disk::Source::file,
                            .path = "/images/more"};
    ASSERT_TRUE(end_of(manager->set_memory(guest.uuid, 32 * 1024, both)));
    EXPECT_EQ(noted(guest), Held::starting);
    ASSERT_TRUE(end_of(manager->set_metadata(guest.uuid, {.text = "a title"}, both)));
    EXPECT_EQ(noted(guest), Held::starting);
    ASSERT_TRUE(end_of(manager->attach_device(guest.uuid, disk, both)));
    EXPECT_EQ(noted(guest), Held::starting);
    ASSERT_TRUE(end_of(manager->set_lifecycle_action(
        guest.uuid, {&domain::Definition::on_crash, domain::LifecycleAction::preserve}, both)));
    EXPECT_EQ(noted(guest), Held::starting);
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "the next daemon undoes its start";
}

TEST_F(Note, ThatAGuestIsToGoOutlivesWhatIsChangedOfIt) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::timed_out, "it was given up"});
    EXPECT_FALSE(end_of(manager->destroy(guest.uuid)));
    ASSERT_EQ(noted(guest), Held::ending);
    const Affects guest_only{.guest = true};
    ASSERT_TRUE(end_of(manager->set_lifecycle_action(
        guest.uuid, {&domain::Definition::on_crash, domain::LifecycleAction::preserve}, guest_only)));
    EXPECT_EQ(noted(guest), Held::ending);
    const domain::Disk disk{.target = *domain::parse_disk_name("xvdb"),
                            .source = domain::Disk::Source::file,
                            .path = "/images/more"};
    xen.before_effect = [&](const std::string& call) {
        if (call == "attach") EXPECT_EQ(noted(guest), Held::ending);
    };
    ASSERT_TRUE(end_of(manager->attach_device(guest.uuid, disk, guest_only)));
    EXPECT_EQ(noted(guest), Held::ending);
    prepare = [this] { xen.truth.at(1).paused = true; };  // as libxl has left it
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "it does not go on half destroyed";
}

/// A guest that may run by mistake.
class Unpausing : public Note {
 protected:
    /// Saved, and about to be started from its image.
    domain::Definition saved() {
        auto guest = running("web");
        end_of(manager->managed_save(guest.uuid, {})).value();
        return guest;
    }
    void fail_unpause() { xen.fail_next("unpause", {Reason::internal, "xenstored is gone"}); }
};

TEST_F(Unpausing, ThatFailsWhileTheGuestRunsAllTheSameIsAStart) {
    const auto guest = saved();
    fail_unpause();
    xen.before_effect = [this](const std::string& call) {
        if (call == "unpause") xen.truth.at(2).paused = false;
    };
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_FALSE(info(guest).managed_image) << "it is used up";
}

TEST_F(Unpausing, ThatFailsLeavesTheImageOfAGuestThatHasNotRun) {
    const auto guest = saved();
    fail_unpause();
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
}

TEST_F(Unpausing, ThatFailsMakesNoImageOfAGuestThatMayHaveRun) {
    const auto guest = saved();
    fail_unpause();
    xen.before_effect = [this](const std::string& call) {
        if (call == "unpause") xen.truth.at(2).cpu_time = milliseconds(3);
    };
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_TRUE(store.images_aside.contains(guest.uuid)) << "an admin may want it";
}

TEST_F(Unpausing, ThatFailsOnceMoreLeavesTheImageOfAGuestThatHasNotRun) {
    const auto guest = saved();
    fail_unpause();
    xen.fail_next("destroy", {Reason::operation_failed, "it hangs"});
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    fail_unpause();
    EXPECT_FALSE(end_of(manager->resume(guest.uuid)));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
    EXPECT_EQ(noted(guest), Held::starting);
    store.fail_write(2);
    EXPECT_FALSE(end_of(manager->resume(guest.uuid))) << "what it becomes cannot be noted";
    EXPECT_TRUE(store.images.contains(guest.uuid));
    EXPECT_EQ(noted(guest), Held::starting);
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(info(guest).managed_image) << "the next daemon goes on from there";
}

TEST_F(Unpausing, OfASuspendedGuestThatFailsLeavesItsImage) {
    const auto guest = running("web");
    xen.hold("destroy");
    begin(manager->managed_save(guest.uuid, {}));
    loop.run_for(limits::destroy_deadline + seconds(10));
    ASSERT_EQ(info(guest).status.state, State::pm_suspended);
    xen.fail_next("resume", {Reason::internal, "xenstored is gone"});
    EXPECT_FALSE(end_of(manager->wake(guest.uuid)));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
    EXPECT_EQ(noted(guest), Held::saving) << "the next daemon finishes the save";
    xen.release("destroy");
}

TEST_F(Unpausing, OfASuspendedGuestThatFailsWhileItRunsAllTheSameIsAWakeUp) {
    const auto guest = running("web");
    xen.hold("destroy");
    begin(manager->managed_save(guest.uuid, {}));
    loop.run_for(limits::destroy_deadline + seconds(10));
    xen.fail_next("resume", {Reason::internal, "xenstored is gone"});
    xen.before_effect = [this](const std::string& call) {
        if (call == "resume") xen.truth.at(1).stopped.reset();
    };
    EXPECT_TRUE(end_of(manager->wake(guest.uuid)));
    EXPECT_EQ(info(guest).status.state, State::running);
    EXPECT_FALSE(info(guest).managed_image);
    xen.release("destroy");
}

TEST_F(Unpausing, OfASuspendedGuestSetsItsImageAsideBefore) {
    const auto guest = running("web");
    xen.hold("destroy");
    begin(manager->managed_save(guest.uuid, {}));
    loop.run_for(limits::destroy_deadline + seconds(10));
    ASSERT_EQ(info(guest).status.state, State::pm_suspended);
    ASSERT_TRUE(info(guest).managed_image);
    bool aside = false;
    xen.before_effect = [&](const std::string& call) {
        if (call == "resume") aside = store.images_aside.contains(guest.uuid);
    };
    ASSERT_TRUE(end_of(manager->wake(guest.uuid)));
    EXPECT_TRUE(aside);
    EXPECT_FALSE(info(guest).managed_image);
    xen.release("destroy");
}

TEST_F(Unpausing, IsNeverDoneInIgnoranceOfAnImageWhoseDefinitionCameLater) {
    const auto guest = guest_named("web");
    prepare = [&] { store.images.insert(guest.uuid); };
    restart();
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_TRUE(info(guest).managed_image);
}

TEST_F(Note, OfARestartIsTakenUpAgainWhenTheStoppedGuestCouldNotBeRemovedForLong) {
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::restart;
    running(guest);
    xen.hold("destroy");
    xen.stop(1, StopReason::crash);
    loop.run_for(limits::after_stop_deadline + seconds(30));
    xen.release("destroy");
    loop.run_for(limits::after_stop_deadline);
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, State::running);
}

TEST_F(Note, OfARestartIsWaitedForBeforeAnythingOfTheStoppedGuestIsRemoved) {
    const auto guest = one_that_reboots_while_the_disk_is_full();
    EXPECT_TRUE(xen.truth.contains(1)) << "no start of another could be noted";
    store.is_full = false;
    loop.run_for(limits::longest_restart_pause);
    EXPECT_FALSE(xen.truth.contains(1));
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(info(guest).status.state, State::running);
}

TEST_F(Note, OfARestartThatCouldLongNotBeWrittenLeavesTheStartAllOfItsTime) {
    const auto guest = one_that_reboots_while_the_disk_is_full();
    loop.run_for(limits::after_stop_deadline - std::chrono::minutes(3));
    xen.hold("create");
    store.is_full = false;
    ASSERT_TRUE(loop.run_until([&] { return xen.count("create") == 2; }, std::chrono::minutes(10)));
    loop.run_for(limits::start_deadline - std::chrono::minutes(2));
    xen.release("create");
    settle();
    ASSERT_TRUE(exists(guest)) << "nobody would start it any more";
    EXPECT_EQ(info(guest).domid, 2);
}

TEST_F(Note, OfARestartIsNotWaitedForByADestroy) {
    const auto guest = one_that_reboots_while_the_disk_is_full();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(exists(guest));
}

TEST_F(Note, OfNothingIsMadeByADumpOfAGuestThatRunsOn) {
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::preserve;
    running(guest);
    xen.hold("dump");
    begin(manager->dump_core(guest.uuid, "/tmp/core", {.live = true}));
    settle();
    xen.stop(1, StopReason::crash);
    look();
    EXPECT_EQ(info(guest).status.state, State::crashed) << "it is seen while the core is written";
    xen.release("dump");
    settle();
}

}  // namespace
}  // namespace virtlight::manager
