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

class Saving : public ::testing::Test, protected World {
 protected:
    void saved(const domain::Definition& guest) {
        const auto done = end_of(manager->managed_save(guest.uuid, {}));
        ASSERT_TRUE(done) << done.error().message;
        events();
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    /// An HVM guest that runs, with so many of two vCPUs.
    domain::Definition running_hvm(unsigned vcpus) {
        auto guest = guest_named("web");
        guest.type = domain::GuestType::hvm;
        guest.vcpus_max = 2;
        guest.vcpus = vcpus;
        return running(guest);
    }
    void set_vcpus(const domain::Definition& guest, unsigned vcpus) {
        const auto set = end_of(manager->set_vcpus(guest.uuid, vcpus, {.guest = true}));
        ASSERT_TRUE(set) << set.error().message;
        look();
    }
    /// Paused, made from its managed image, by a start that failed and could not be undone.
    domain::Definition left_half_restored(const std::string& name) {
        const auto guest = running(name);
        saved(guest);
        xen.fail_next("unpause", {Reason::operation_failed, "it stays"});
        xen.fail_next("destroy", {Reason::operation_failed, "it hangs"});
        EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
        EXPECT_EQ(info(guest).status.state, domain::State::paused);
        return guest;
    }
    static Result<> to_nothing(const Result<DomainInfo>& result) {
        if (result) return {};
        return std::unexpected(result.error());
    }
    hypervisor::DomId domid_of(const domain::Definition& guest) {
        return static_cast<hypervisor::DomId>(info(guest).domid);
    }
    const std::filesystem::path path = "/tmp/web.save";
};

TEST_F(Saving, IsRefusedOfAnotherToolsGuestThatADefinitionCannotHoldWhole) {
    const auto guest = guest_named("foreign");
    xen.make(guest);
    xen.call_for_attention();
    look();
    xen.fail_next("check_whole", {Reason::unsupported_config, "disk xvda has a block script"});
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::unsupported_config,
                   "could not be restored as it is: disk xvda has a block script");
    EXPECT_TRUE(xen.images.empty());
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_TRUE(end_of(manager->save(guest.uuid, path, {}))) << "one that it can hold is saved";
    const auto ours = running("web");
    xen.fail_next("check_whole", {Reason::unsupported_config, "nobody asks"});
    EXPECT_TRUE(end_of(manager->managed_save(ours.uuid, {})));
}

TEST_F(Saving, EndsAGuestAndRestoringBringsItBack) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::saved));
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_EQ(xen.images.at(path).definition.name, "web");
    EXPECT_EQ(xen.truth.size(), 1u);
    const auto restored = end_of(manager->restore(path, {}));
    ASSERT_TRUE(restored) << restored.error().message;
    EXPECT_EQ(restored->status, Status(RunningReason::restored));
    look();
    EXPECT_THAT(events(), ElementsAre("web STOPPED/4", "web JOB/completed", "web STARTED/2"));
}

TEST_F(Saving, OfAPausedImageRestoresItPausedUnlessToldOtherwise) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {.paused = true})));
    EXPECT_EQ(end_of(manager->restore(path, {}))->status, Status(PausedReason::user));
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_EQ(end_of(manager->restore(path, {.paused = false}))->status, Status(RunningReason::restored));
}

TEST_F(Saving, OfATransientGuestForgetsItAndRestoringMakesItAnew) {
    const auto guest = guest_named("passing");
    ASSERT_TRUE(end_of(manager->create(guest, {})));
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_FALSE(exists(guest));
    ASSERT_TRUE(end_of(manager->restore(path, {})));
    EXPECT_FALSE(info(guest).persistent);
    expect_refused(end_of(manager->managed_save(guest.uuid, {})), Reason::invalid_state, "transient");
}

TEST_F(Saving, NotesThatTheGuestIsToGoOnceItsImageStands) {
    const auto guest = running("web");
    xen.hold("destroy");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::ending);
    xen.release("destroy");
    EXPECT_TRUE(end_of(saving));
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Saving, OfAGuestWithNumaCellsIsRefused) {
    auto wide = guest_named("web");
    wide.type = domain::GuestType::hvm;
    wide.memory_kib = wide.memory_max_kib;
    wide.numa = {{.memory_kib = wide.memory_max_kib, .vcpus = domain::CpuSet::first(wide.vcpus_max)}};
    const auto guest = running(wide);
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::unsupported_operation,
                   "a guest with NUMA cells cannot be saved");
    expect_refused(end_of(manager->managed_save(guest.uuid, {})), Reason::unsupported_operation, "NUMA");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_EQ(xen.count("save"), 0u);
}

TEST_F(Saving, NeedsARunningGuest) {
    const auto guest = defined("web");
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::invalid_state,
                   "cannot save domain 'web': domain is not running");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.paused = true})));
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::invalid_state, "has to be running");
}

TEST_F(Saving, ThatFailsLeavesTheGuestRunning) {
    const auto guest = running("web");
    xen.fail_next("save", {Reason::io, "cannot save domain 1: cannot write '/tmp/web.save': No space"});
    const auto end = end_of(manager->save(guest.uuid, path, {}));
    expect_refused(end, Reason::io, "cannot save domain 'web': cannot write '/tmp/web.save': No space");
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_THAT(events(), ElementsAre("web JOB/failed"));
}

TEST_F(Saving, AsksAGuestAgainThatWasTooEarlyInItsBoot) {
    const auto guest = running("web");
    for (unsigned early = 1; early < limits::save_attempts; ++early)
        xen.fail_next("save", {Reason::timed_out, "it did not suspend"});
    EXPECT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.count("save"), limits::save_attempts);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::saved));
}

TEST_F(Saving, ToStorageThatDoesNotAnswerIsAskedForOnce) {
    const auto guest = running("web");
    xen.fail_next("save", {Reason::io, "cannot save domain 1: its storage has not answered within 180 s"});
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::io, "its storage has not answered");
    EXPECT_EQ(xen.count("save"), 1u);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Saving, OfAGuestThatNeverSuspendsFailsInTheEndAndLeavesItRunning) {
    const auto guest = running("web");
    for (unsigned attempt = 0; attempt < limits::save_attempts; ++attempt)
        xen.fail_next("save", {Reason::timed_out, "it did not suspend"});
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::timed_out, "did not suspend");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_TRUE(xen.images.empty());
}

TEST_F(Saving, WhoseGuestCannotBeRemovedAtFirstTriesAgain) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "it hangs"});
    EXPECT_TRUE(end_of(manager->managed_save(guest.uuid, {})));
    EXPECT_EQ(xen.count("destroy"), 2u);
    EXPECT_TRUE(info(guest).managed_image);
}

TEST_F(Saving, IsAJobThatTellsItsProgressAndCanBeAborted) {
    const auto guest = running("web");
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    loop.run_for(seconds(3));
    const auto job = manager->job(guest.uuid);
    EXPECT_EQ(job->state, JobReport::State::running);
    EXPECT_EQ(job->operation, JobReport::Operation::save);
    EXPECT_EQ(job->bytes, 1000);
    EXPECT_EQ(job->elapsed, seconds(3));
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    expect_refused(end_of(saving), Reason::cancelled, "aborted by a client");
    EXPECT_EQ(manager->job(guest.uuid)->state, JobReport::State::none);
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_THAT(events(), ElementsAre("web JOB/cancelled"));
    EXPECT_THAT(manager->last_job(guest.uuid)->problem, HasSubstr("aborted by a client"));
}

TEST_F(Saving, ThatWaitsForADeviceModelHoldsUpNoDestroy) {
    auto guest = guest_named("web");
    guest.type = domain::GuestType::hvm;
    guest = running(guest);
    xen.hold("describe");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    const auto destroying = begin(manager->destroy(guest.uuid));
    loop.run_for(seconds(1));
    EXPECT_TRUE(destroying->has_value());
    EXPECT_FALSE(end_of(saving));
    EXPECT_TRUE(end_of(destroying));
    EXPECT_TRUE(xen.images.empty());
}

TEST_F(Saving, LeavesItsFiguresReadable) {
    const auto guest = running("web");
    EXPECT_EQ(manager->last_job(guest.uuid)->state, JobReport::State::none);
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(manager->last_job(guest.uuid)->state, JobReport::State::completed);
    EXPECT_EQ(manager->last_job(guest.uuid)->bytes, 1000);
}

TEST_F(Saving, LeavesNothingInThePageCacheIfItIsToldTo) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {.bypass_cache = true})));
    EXPECT_TRUE(xen.bypassed_cache);
    ASSERT_TRUE(end_of(manager->restore(path, {})));
    EXPECT_FALSE(xen.bypassed_cache);
    saved(guest);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.bypass_cache = true})));
    EXPECT_TRUE(xen.bypassed_cache);
}

TEST_F(Saving, TakesAnotherDefinitionThatTheGuestCanGoOnWith) {
    auto guest = running("web");
    guest.title = "on the web";
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {.definition = guest})));
    EXPECT_EQ(xen.images.at(path).definition.title, "on the web");
    guest.title = "back again";
    ASSERT_TRUE(end_of(manager->restore(path, {.definition = guest})));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->title, "back again");
    auto larger = guest;
    larger.memory_max_kib *= 2;
    expect_refused(end_of(manager->save(guest.uuid, path, {.definition = larger})),
                   Reason::unsupported_config, "maximum memory");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Saving, CanBeRedefinedWhileItWaits) {
    auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    guest.on_crash = domain::LifecycleAction::preserve;
    EXPECT_TRUE(end_of(manager->change_image(path, {guest, true})));
    EXPECT_TRUE(xen.images.at(path).paused);
    EXPECT_EQ(xen.images.at(path).definition.on_crash, domain::LifecycleAction::preserve);
    guest.vcpus_max = 8;
    expect_refused(end_of(manager->change_image(path, {guest})), Reason::unsupported_config, "vCPUs");

    expect_refused(end_of(manager->change_managed_image(guest.uuid, {guest})), Reason::invalid_state,
                   "no managed save image");
    ASSERT_TRUE(end_of(manager->restore(path, {.paused = false})));
    saved(guest);
    guest.vcpus_max = 1;
    guest.title = "changed";
    EXPECT_TRUE(end_of(manager->change_managed_image(guest.uuid, {guest})));
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->title, "changed");
}

TEST_F(Saving, OfAnImageThatIsBeingRedefinedEndsInTime) {
    auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    xen.hold("rewrite_image");
    const auto changing = begin(manager->change_image(path, {guest, true}));
    ASSERT_TRUE(end_of(manager->restore(path, {}))) << "its guest waits for no copying";
    loop.run_for(limits::image_deadline + seconds(1));
    ASSERT_TRUE(changing->has_value());
    expect_refused(changing->value(), Reason::timed_out, "cannot change the image of domain 'web'");
}

TEST_F(Saving, OfAManagedImageIsRedefinedInItsDomainsTurnByItsPathToo) {
    auto guest = running("web");
    saved(guest);
    xen.hold("rewrite_image");
    const auto changing = begin(manager->change_image(store.image_path(guest.uuid), {guest, true}));
    settle();
    const auto starting = begin(manager->start(guest.uuid, {}));
    loop.run_for(seconds(1));
    EXPECT_FALSE(starting->has_value());
    xen.release("rewrite_image");
    EXPECT_TRUE(end_of(changing));
    EXPECT_EQ(end_of(starting)->status.state, domain::State::paused) << "as was asked";
}

TEST_F(Saving, CannotBeAbortedWhenThereIsNoJob) {
    const auto guest = running("web");
    expect_refused(manager->abort_job(guest.uuid), Reason::invalid_state, "no job is active");
}

TEST_F(Saving, IsEndedByADestroyOfItsGuest) {
    const auto guest = running("web");
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(end_of(saving));
    EXPECT_TRUE(xen.images.empty());
}

TEST_F(Saving, MakesTheNextStartGoOnFromThere) {
    const auto guest = running("web");
    saved(guest);
    EXPECT_TRUE(info(guest).managed_image);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(xen.count("restore"), 1u);
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_TRUE(store.images.empty());
    EXPECT_THAT(events(), ElementsAre("web STARTED/2"));
}

TEST_F(Saving, KeepsTheImageWhenTheGuestCannotBeRestored) {
    const auto guest = running("web");
    saved(guest);
    xen.fail_next("restore", {Reason::operation_failed, "no memory"});
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_EQ(store.images.size(), 1u);
    xen.fail_next("unpause", {Reason::operation_failed, "it hangs"});
    EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(store.images.size(), 1u);
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
}

TEST_F(Saving, IsForgottenByAStartThatIsToBoot) {
    const auto guest = running("web");
    saved(guest);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.fresh = true})));
    EXPECT_EQ(xen.count("restore"), 0u);
    EXPECT_TRUE(store.images.empty());
}

TEST_F(Saving, MakesRestoringAnotherImageWaitUntilTheManagedOneIsGone) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    saved(guest);
    const auto restored = end_of(manager->restore(path, {}));
    ASSERT_FALSE(restored);
    EXPECT_THAT(restored.error().message, HasSubstr("it has a managed save image"));
    EXPECT_FALSE(end_of(manager->create(guest, {})));
    EXPECT_TRUE(info(guest).managed_image);
    ASSERT_TRUE(end_of(manager->remove_managed_image(guest.uuid)));
    EXPECT_TRUE(end_of(manager->restore(path, {})));
}

TEST_F(Saving, OfADomainThatIsNotDefinedAnyMoreIsInTheWayOfEachStart) {
    const auto guest = guest_named("web");
    prepare = [&] { store.images.insert(guest.uuid); };
    restart();
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto created = end_of(manager->create(guest, {}));
        ASSERT_FALSE(created);
        EXPECT_THAT(created.error().message, HasSubstr("it has a managed save image"));
    }
}

TEST_F(Saving, IsSetAsideWhenAnotherToolRunsTheGuest) {
    const auto guest = running("web");
    saved(guest);
    log::set_level(log::Level::error);
    xen.make(guest);
    look();
    EXPECT_GT(info(guest).domid, 1);
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_TRUE(store.images.empty());
    EXPECT_EQ(store.images_aside.size(), 1u) << "who knows what the other tool has started from";
}

TEST_F(Saving, IsSetAsideAlsoWhenAnotherToolsGuestEndsBeforeItIsDescribed) {
    const auto guest = running("web");
    saved(guest);
    log::set_level(log::Level::error);
    xen.hold("describe");
    const auto domid = xen.make(guest);
    look();
    xen.vanish(domid);
    xen.release("describe");
    look();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_EQ(store.images_aside.size(), 1u);
}

TEST_F(Saving, IsNotSetAsideForAGuestThatAnotherToolHasOnlyBegunToBuild) {
    const auto guest = running("web");
    saved(guest);
    xen.hold("describe");
    const auto domid = xen.make(guest, true);
    look();
    xen.vanish(domid);
    xen.release("describe");
    look();
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_EQ(store.images.size(), 1u);
}

TEST_F(Saving, IsNotRestoredByAStartThatWaitsWhileAnotherToolRunsTheGuest) {
    const auto guest = running("web");
    saved(guest);
    log::set_level(log::Level::error);
    store.hold();
    begin(manager->set_autostart(guest.uuid, true));
    settle();
    const auto starting = begin(manager->start(guest.uuid, {}));
    xen.hold("describe");
    const auto domid = xen.make(guest);
    look();
    xen.vanish(domid);
    xen.release("describe");
    look();
    store.release();
    ASSERT_TRUE(end_of(starting));
    EXPECT_EQ(xen.count("restore"), 0u);
    EXPECT_EQ(info(guest).status, Status(RunningReason::booted));
}

TEST_F(Saving, ComesBackWithTheEndOfAGuestThatWasRestoredFromItAndHasNeverRun) {
    const auto guest = left_half_restored("web");
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_THAT(store.images_aside, IsEmpty());
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(info(guest).status, Status(RunningReason::restored));
}

TEST_F(Saving, ComesBackWhenTheDaemonIsKilledBeforeItLetsSuchAGuestRun) {
    const auto guest = left_half_restored("web");
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(info(guest).status, Status(RunningReason::restored));
}

TEST_F(Saving, ComesBackAlsoWhenAnotherToolDestroysSuchAGuest) {
    const auto guest = left_half_restored("web");
    xen.truth.erase(domid_of(guest));
    look();
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
}

TEST_F(Saving, StaysAsideWhenAnotherToolLetsSuchAGuestRun) {
    const auto guest = left_half_restored("web");
    log::set_level(log::Level::error);
    xen.truth.at(domid_of(guest)).paused = false;
    look();
    EXPECT_FALSE(info(guest).managed_image);
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(info(guest).managed_image) << "it is older than what the guest has written";
    EXPECT_EQ(store.images_aside.size(), 1u);
}

TEST_F(Saving, AnewKeepsItsImageAlthoughTheOneBeforeWasToBeSetAside) {
    const auto guest = left_half_restored("web");
    log::set_level(log::Level::error);
    store.hold();
    begin(manager->set_autostart(guest.uuid, true));
    settle();
    const auto saving = begin(manager->managed_save(guest.uuid, {}));
    xen.truth.at(domid_of(guest)).paused = false;
    look();  // and the old one is to be set aside, behind the save
    bool old_one = true;
    xen.before_effect = [&](const std::string& call) {
        if (call == "save") old_one = store.images.contains(guest.uuid);
    };
    store.release();
    ASSERT_TRUE(end_of(saving));
    look();
    EXPECT_FALSE(old_one) << "the next daemon would take it for the new one";
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
}

TEST_F(Saving, OnceMoreOfAGuestThatCouldNotBeRemovedLeavesTheImage) {
    const auto guest = running("web");
    xen.hold("destroy");
    const auto first = begin(manager->managed_save(guest.uuid, {}));
    const auto second = begin(manager->managed_save(guest.uuid, {}));
    expect_refused(end_of(first), Reason::cancelled, "it is saved, but");
    expect_refused(end_of(second), Reason::invalid_state, "could not be removed");
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
    xen.release("destroy");
}

TEST_F(Saving, IsNotRestoredWhenAnotherToolIsFasterThanTheStart) {
    const auto guest = running("web");
    saved(guest);
    log::set_level(log::Level::error);
    xen.hold("read_image");
    const auto starting = begin(manager->start(guest.uuid, {}));
    settle();
    xen.make(guest);
    look();
    xen.release("read_image");
    expect_refused(to_nothing(end_of(starting)), Reason::invalid_state, "another tool has started it");
    look();
    EXPECT_EQ(xen.count("restore"), 0u);
    EXPECT_EQ(store.images_aside.size(), 1u);
}

TEST_F(Saving, IsNotRestoredWhenItIsOutdatedAndCannotBeSetAside) {
    const auto guest = running("web");
    saved(guest);
    log::set_level(log::Level::error);
    xen.hold("describe");
    store.fail_write(1);
    const auto domid = xen.make(guest);
    loop.run_until([&] { return xen.count("describe") > 0; });
    settle();
    xen.vanish(domid);
    xen.release("describe");
    look();
    EXPECT_TRUE(store.images.contains(guest.uuid));
    store.fail_write(1);
    expect_refused(to_nothing(end_of(manager->start(guest.uuid, {}))), Reason::io, "is older than its disks");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(xen.count("restore"), 0u);
}

TEST_F(Saving, IsRemovedOnRequestAndOnlyThenCanTheDomainBeUndefined) {
    const auto guest = running("web");
    saved(guest);
    expect_refused(end_of(manager->undefine(guest.uuid)), Reason::invalid_state, "managed save image");
    EXPECT_TRUE(end_of(manager->remove_managed_image(guest.uuid)));
    expect_refused(end_of(manager->remove_managed_image(guest.uuid)), Reason::invalid_state, "no managed");
    EXPECT_TRUE(end_of(manager->undefine(guest.uuid)));
}

TEST_F(Saving, GoesWithTheDefinitionIfItIsToldTo) {
    const auto guest = running("web");
    saved(guest);
    EXPECT_TRUE(end_of(manager->undefine(guest.uuid, true)));
    EXPECT_TRUE(store.images.empty());
}

TEST_F(Saving, IsKnownAgainAfterARestartOfTheDaemon) {
    const auto guest = running("web");
    saved(guest);
    restart();
    EXPECT_TRUE(info(guest).managed_image);
}

TEST_F(Saving, ThatAKilledDaemonHadNotFinishedIsUndone) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::saving;
    xen.truth.at(1).stopped = hypervisor::StopReason::suspend;
    restart();
    look();
    EXPECT_EQ(xen.count("resume"), 1u);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    EXPECT_EQ(info(guest).status, Status(RunningReason::save_canceled));
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Saving, ThatAKilledDaemonHadNearlyFinishedIsFinished) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::saving;
    xen.truth.at(1).stopped = hypervisor::StopReason::suspend;
    store.images.insert(guest.uuid);
    restart();
    look();
    EXPECT_EQ(xen.count("resume"), 0u);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::saved));
    EXPECT_TRUE(info(guest).managed_image);
}

TEST_F(Saving, IsNotedWhileItLasts) {
    const auto guest = running("web");
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::saving);
    ASSERT_TRUE(manager->abort_job(guest.uuid));
    EXPECT_FALSE(end_of(saving));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Saving, ByAnotherToolIsNotDisturbedByTheNextDaemon) {
    const auto guest = running("web");
    xen.truth.at(1).stopped = hypervisor::StopReason::suspend;  // its memory is being read
    restart();
    look();
    EXPECT_EQ(xen.count("resume"), 0u);
    EXPECT_EQ(info(guest).status.state, domain::State::pm_suspended);
    xen.vanish(1);
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::saved));
}

// What a device model has, FakeHypervisor::definitions tell.

TEST_F(Saving, KeepsTheVcpusOfADeviceModelAndBringsBackThoseOfItsGuest) {
    const auto guest = running_hvm(2);
    set_vcpus(guest, 1);
    for (int round = 0; round < 2; ++round) {
        ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
        EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
        EXPECT_EQ(xen.images.at(path).vcpus_online, 1u);
        ASSERT_TRUE(end_of(manager->restore(path, {})));
        EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u) << "it takes its state with just as many";
        look();
        EXPECT_EQ(info(guest).vcpus, 1u);
        EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus, 1u);
        EXPECT_EQ(store.lives.at(guest.uuid).definition.vcpus, 1u);
    }
    saved(guest);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u);
    look();
    EXPECT_EQ(info(guest).vcpus, 1u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus, 2u);
}

TEST_F(Saving, KeepsTheVcpusThatAnotherToolHasGivenADeviceModel) {
    const auto guest = running_hvm(1);
    xen.definitions.at(1).vcpus = 2;
    xen.truth.at(1).vcpus_online = 2;
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u) << "all of them";
    ASSERT_TRUE(end_of(manager->restore(path, {})));
    look();
    EXPECT_EQ(info(guest).vcpus, 2u);
    EXPECT_EQ(xen.count("set_vcpus"), 0u);
}

TEST_F(Saving, OfAGuestThatBootsTakesNoVcpusFromIt) {
    const auto guest = running_hvm(2);
    xen.truth.at(1).vcpus_online = 1;  // it has not come to the second yet
    look();
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u);
}

TEST_F(Saving, OfAGuestWhoseDeviceModelCannotBeCountedFailsBeforeItIsAsked) {
    const auto guest = running_hvm(2);
    xen.fail_next("describe", {Reason::operation_failed, "no answer"});
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::operation_failed,
                   "how many vCPUs its device model has is not known: no answer");
    EXPECT_EQ(xen.count("save"), 0u);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_NE(store.lives.at(guest.uuid).held, Held::saving);
}

TEST_F(Saving, OfAGuestThatEndsMeanwhileFails) {
    const auto guest = running_hvm(2);
    xen.hold("describe");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    xen.vanish(1);
    look();
    xen.release("describe");
    EXPECT_FALSE(end_of(saving));
    EXPECT_EQ(xen.count("save"), 0u);
}

TEST_F(Saving, AsksNobodyForTheVcpusOfAGuestWithoutADeviceModel) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(xen.count("describe"), 0u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 0u);
}

TEST_F(Saving, TakesTheVcpusOfAnotherDefinitionForThoseThatAreToBeOnline) {
    auto guest = running_hvm(2);
    guest.vcpus = 1;
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {.definition = guest})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    EXPECT_EQ(xen.images.at(path).vcpus_online, 1u);
    guest.vcpus = 2;
    ASSERT_TRUE(end_of(manager->change_image(path, {.definition = guest})));
    EXPECT_EQ(xen.images.at(path).definition.vcpus, 2u);
    guest.vcpus = 1;
    ASSERT_TRUE(end_of(manager->restore(path, {.definition = guest})));
    EXPECT_EQ(xen.definitions.at(domid_of(guest)).vcpus, 2u);
    EXPECT_EQ(xen.truth.at(domid_of(guest)).vcpus_online, 1u);
}

TEST_F(Saving, OfAGuestThatCannotBeAskedForItsVcpusIsRestoredAllTheSame) {
    const auto guest = running_hvm(2);
    set_vcpus(guest, 1);
    saved(guest);
    xen.fail_next("set_vcpus", {Reason::operation_failed, "no answer"});
    const auto started = end_of(manager->start(guest.uuid, {}));
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_EQ(info(guest).status, Status(RunningReason::restored));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus, 2u);
}

TEST_F(Saving, OfAnImageWhoseNameIsTakenIsNotRestored) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    ASSERT_TRUE(end_of(manager->undefine(guest.uuid)));
    auto other = guest_named("other");
    other.name = "web";
    ASSERT_TRUE(end_of(manager->define(other)));
    EXPECT_EQ(end_of(manager->restore(path, {})).error().reason, Reason::domain_exists);
    EXPECT_EQ(end_of(manager->restore("/nowhere", {})).error().reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::manager
