// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/saving_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

// A guest that is saved to a file, and one that is restored from there.

namespace virtlight::manager {
namespace {

using domain::PausedReason;
using domain::RunningReason;
using domain::ShutoffReason;
using domain::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
    expect_refused(end_of(manager->managed_save(guest.uuid, {})), Reason::invalid_state,
                   "cannot do managed save for transient domain; save it to a file");
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

TEST_F(Saving, OverAnImageThatWaitsToBeRestoredDoesNotGiveItsGuestTheMemoryOfAnother) {
    const auto web = running("web");
    const auto other = running("other");
    ASSERT_TRUE(end_of(manager->save(web.uuid, path, {})));
    xen.hold("create");
    const auto starting = begin(manager->start(web.uuid, {}));
    settle();
    const auto restoring = begin(manager->restore(path, {}));
    settle();
    ASSERT_TRUE(end_of(manager->save(other.uuid, path, {})));
    EXPECT_EQ(xen.count("restore"), 0u) << "it has not had its turn";
    xen.fail_next("create", {Reason::operation_failed, "it does not build"});
    xen.release("create");
    EXPECT_FALSE(end_of(starting));
    expect_refused(to_nothing(end_of(restoring)), Reason::invalid_state, "has been replaced meanwhile");
    EXPECT_EQ(info(web).domid, -1);
    EXPECT_EQ(end_of(manager->restore(path, {}))->name, "other");
}

TEST_F(Saving, OfTheSameGuestOverAnImageThatWaitsToBeRestoredIsRestoredInItsPlace) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    const auto restoring = begin(manager->restore(path, {}));
    settle();
    xen.release("save");
    EXPECT_TRUE(end_of(saving));
    EXPECT_TRUE(end_of(restoring)) << "its head is the same, and its memory is of now";
}

// Whom it is refused, and how it fails

TEST_F(Saving, IsRefusedInThePlaceOfAnyDomainsDisk) {
    const auto guest = running("web");
    auto other = guest_named("other");
    other.disks = {{.source = domain::Disk::Source::file, .path = "/srv/other.img"}};
    ASSERT_TRUE(end_of(manager->define(other)));
    const std::filesystem::path place = "/srv/../srv//other.img";
    expect_refused(end_of(manager->save(guest.uuid, place, {})), Reason::invalid_argument,
                   "of domain 'other', whose data would be lost");
    expect_refused(end_of(manager->dump_core(guest.uuid, place, {})), Reason::invalid_argument,
                   "of domain 'other', whose data would be lost");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_TRUE(xen.images.empty());
}

TEST_F(Saving, IsRefusedInThePlaceOfAnyDomainsDiskByWhateverName) {
    const auto guest = running("web");
    auto other = guest_named("other");
    other.disks = {{.source = domain::Disk::Source::file, .path = "/srv/other.img"}};
    ASSERT_TRUE(end_of(manager->define(other)));
    xen.files = {{"/srv/other.img", {.host = 1, .inode = 7}},
                 {"/link/other.img", {.host = 1, .inode = 7}},
                 {"/link/free.img", {.host = 1, .inode = 8}}};
    for (const auto& refused : {end_of(manager->save(guest.uuid, "/link/other.img", {})),
                                end_of(manager->dump_core(guest.uuid, "/link/other.img", {}))})
        expect_refused(refused, Reason::invalid_argument,
                       "'/link/other.img', which is '/srv/other.img', is the source of disk xvda of domain "
                       "'other', whose data would be lost");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_TRUE(end_of(manager->save(guest.uuid, "/link/free.img", {}))) << "that is another file";
}

TEST_F(Saving, IsRefusedInThePlaceOfADiskThatAGuestHasOpenedWhateverHasItsNameByNow) {
    const auto guest = running("web");
    auto other = guest_named("other");
    other.disks = {{.source = domain::Disk::Source::file, .path = "/srv/other.img"}};
    xen.files = {{"/srv/other.img", {.host = 1, .inode = 7}}};
    running(other);
    xen.files = {{"/srv/other.img", {.host = 1, .inode = 8}}, {"/srv/moved.img", {.host = 1, .inode = 7}}};
    expect_refused(end_of(manager->save(guest.uuid, "/srv/moved.img", {})), Reason::invalid_argument,
                   "of domain 'other', whose data would be lost");
}

TEST_F(Saving, IsRefusedInThePlaceOfADiskByItsNameAloneWhereItsStorageDoesNotAnswer) {
    const auto guest = running("web");
    auto other = guest_named("other");
    other.disks = {{.source = domain::Disk::Source::file, .path = "/srv/other.img"}};
    ASSERT_TRUE(end_of(manager->define(other)));
    xen.files = {{"/saves/web", {.host = 1, .inode = 7}}};
    const auto fail_look = [this](unsigned nth) {
        xen.before_effect = [this, nth, looks = 0U](const std::string& call) mutable {
            if (call == "identify_files" && ++looks == nth)
                xen.fail_next(call, {Reason::timed_out, "it has not answered"});
        };
    };
    fail_look(1);
    expect_refused(end_of(manager->save(guest.uuid, "/saves/web", {})), Reason::timed_out,
                   "'/saves/web' cannot be looked at: it has not answered");
    fail_look(1);
    expect_refused(end_of(manager->save(guest.uuid, "/srv/other.img", {})), Reason::invalid_argument,
                   "of domain 'other', whose data would be lost");
    log::set_level(log::Level::error);
    fail_look(2);
    EXPECT_TRUE(end_of(manager->save(guest.uuid, "/saves/web", {})))
        << "the other's storage is not asked for";
}

TEST_F(Saving, OverAFileAsksNoStorageThatIsKnownNotToHaveItAndNoOtherForLong) {
    const auto guest = running("web");
    auto other = guest_named("other");
    other.disks = {{.source = domain::Disk::Source::file, .path = "/dead/other.img"}};
    xen.files = {{"/dead/other.img", {.host = 2, .inode = 7}},
                 {"/saves/web", {.host = 1, .inode = 7}},
                 {"/saves/db", {.host = 1, .inode = 9}}};
    running(other);
    xen.silent = {"/dead/other.img"};
    auto began = loop.now();
    ASSERT_TRUE(end_of(manager->dump_core(guest.uuid, "/saves/web", {})));
    EXPECT_LT(loop.now() - began, seconds(1)) << "what the other has opened is known";
    ASSERT_TRUE(end_of(manager->destroy(other.uuid)));
    log::set_level(log::Level::error);
    began = loop.now();
    ASSERT_TRUE(end_of(manager->dump_core(guest.uuid, "/saves/web", {})));
    EXPECT_LT(loop.now() - began, limits::others_look + seconds(1));
    auto db = guest_named("with");
    db.disks = {{.source = domain::Disk::Source::file, .path = "/srv/db.img"}};
    ASSERT_TRUE(end_of(manager->define(db)));
    xen.files["/srv/db.img"] = {.host = 1, .inode = 9};
    expect_refused(end_of(manager->dump_core(guest.uuid, "/saves/db", {})), Reason::invalid_argument,
                   "of domain 'with', whose data would be lost");
}

TEST_F(Saving, OverAFileLooksAtAFewFilesOfOthersAtATime) {
    constexpr std::size_t looks = 3;
    const auto guest = running("web");
    xen.files = {{"/saves/web", {.host = 1, .inode = 7}}, {"/saves/last", {.host = 1, .inode = 8}}};
    for (std::size_t i = 0; i < looks * limits::others_files; ++i) {
        auto other = guest_named(fmt::format("other-{:05}", i));
        other.disks = {{.source = domain::Disk::Source::file, .path = fmt::format("/srv/{}.img", i)}};
        store.domains[other.uuid] = {other, false};
        xen.files["/srv/" + std::to_string(i) + ".img"] = {.host = 1, .inode = 100 + i};
    }
    xen.files[fmt::format("/srv/{}.img", looks * limits::others_files - 1)] = {.host = 1, .inode = 8};
    restart();
    ASSERT_TRUE(end_of(manager->dump_core(guest.uuid, "/saves/web", {})));
    EXPECT_LE(xen.most_identified, limits::others_files);
    expect_refused(end_of(manager->dump_core(guest.uuid, "/saves/last", {})), Reason::invalid_argument,
                   "whose data would be lost");
}

TEST_F(Saving, IsRefusedInThePlaceOfManagedImages) {
    const auto guest = running("web");
    expect_refused(end_of(manager->save(guest.uuid, store.image_path(guest.uuid), {})),
                   Reason::invalid_argument, "use a managed save");
    xen.files = {{"/images", {.host = 1, .inode = 2}}, {"/link", {.host = 1, .inode = 2}}};
    expect_refused(end_of(manager->save(guest.uuid, "/link/web", {})), Reason::invalid_argument,
                   "use a managed save");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Saving, NeedsARunningGuest) {
    const auto guest = defined("web");
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::invalid_state,
                   "cannot save domain 'web': domain is not running");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.paused = true})));
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::invalid_state, "has to be running");
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

TEST_F(Saving, OfAGuestWithPciDevicesOfTheHostIsRefused) {
    auto with_card = guest_named("web");
    with_card.pci_devices = {{.address = {.bus = 7}}};
    const auto guest = running(with_card);
    expect_refused(end_of(manager->save(guest.uuid, path, {})), Reason::unsupported_operation,
                   "their state is not in an image; detach them first");
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

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

// A job

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

TEST_F(Saving, LeavesItsFiguresReadable) {
    const auto guest = running("web");
    EXPECT_EQ(manager->last_job(guest.uuid)->state, JobReport::State::none);
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    EXPECT_EQ(manager->last_job(guest.uuid)->state, JobReport::State::completed);
    EXPECT_EQ(manager->last_job(guest.uuid)->bytes, 1000);
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

// Another definition for what is saved

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

TEST_F(Saving, WithADefinitionThatCouldNotBeReadBackIsRefusedBeforeAnythingIsLost) {
    const auto guest = running("web");
    auto longer = guest;
    longer.description.assign(limits::xml_bytes / 4, '>');  // as long as it was read, and much longer written
    expect_refused(end_of(manager->save(guest.uuid, path, {.definition = longer})), Reason::invalid_argument,
                   "too long");
    expect_refused(end_of(manager->managed_save(guest.uuid, {.definition = longer})),
                   Reason::invalid_argument, "too long");
    EXPECT_EQ(xen.count("save"), 0U);
    ASSERT_TRUE(end_of(manager->save(guest.uuid, path, {})));
    expect_refused(end_of(manager->change_image(path, {longer})), Reason::invalid_argument, "too long");
    EXPECT_EQ(xen.count("rewrite_image"), 0U);
    expect_refused(to_nothing(end_of(manager->restore(path, {.definition = longer}))),
                   Reason::invalid_argument, "too long");
    EXPECT_TRUE(end_of(manager->restore(path, {})));
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

TEST_F(Saving, OverAnImageThatIsBeingRedefinedIsNotRedefined) {
    const auto web = running("web");
    const auto other = running("other");
    ASSERT_TRUE(end_of(manager->save(web.uuid, path, {})));
    xen.hold("rewrite_image");
    const auto changing = begin(manager->change_image(path, {web, true}));
    settle();
    ASSERT_TRUE(end_of(manager->save(other.uuid, path, {})));
    xen.release("rewrite_image");
    expect_refused(end_of(changing), Reason::invalid_state, "has been replaced meanwhile");
    EXPECT_EQ(xen.images.at(path).definition.name, "other");
}

// What the next daemon makes of it

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

TEST_F(Saving, ThatAKilledDaemonHadOnlyAskedForIsTakenBackThoughTheGuestSuspendsItselfMeanwhile) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::saving;
    xen.hold("take_back_save");
    restart();
    xen.stop(1, hypervisor::StopReason::suspend);
    look();
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::saving) << "a daemon after this one would do it";
    xen.truth.at(1).stopped.reset();
    xen.release("take_back_save");
    look();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Saving, InWhoseMidstTheDaemonIsStoppedIsTakenBackByTheNextOne) {
    const auto guest = running("web");
    xen.hold("save");
    const auto saving = begin(manager->save(guest.uuid, path, {}));
    settle();
    restart();
    EXPECT_FALSE(end_of(saving));
    look();
    EXPECT_EQ(xen.count("take_back_save"), 1u) << "it may have been about to suspend itself";
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
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

TEST_F(Saving, ByAnotherToolSinceItsOwnWasCutOffIsLeftToThatTool) {
    const auto guest = running("web");
    store.lives.at(guest.uuid).held = Held::saving;
    xen.truth.at(1).stopped = hypervisor::StopReason::suspend;
    xen.fail_next("resume", {Reason::invalid_state, "another tool is saving it"});
    restart();
    look();
    EXPECT_EQ(info(guest).status.state, domain::State::pm_suspended);
    xen.vanish(1);
    look();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::saved));
    EXPECT_EQ(xen.count("resume"), 1u);
    EXPECT_EQ(xen.count("destroy"), 0u);
    EXPECT_TRUE(store.lives.empty());
}

}  // namespace
}  // namespace virtlight::manager
