// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/saving_test.hpp"

// An image that the daemon keeps for a domain: its next start goes on from there.

namespace virtlight::manager {
namespace {

using domain::RunningReason;
using domain::Status;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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

TEST_F(Saving, IsKnownAgainAfterARestartOfTheDaemon) {
    const auto guest = running("web");
    saved(guest);
    restart();
    EXPECT_TRUE(info(guest).managed_image);
}

TEST_F(Saving, OfAManagedImageIsRedefinedInItsDomainsTurnByWhateverPath) {
    for (const std::filesystem::path link : {"", "/link/image"}) {
        const auto guest = running(link.empty() ? "web" : "db");
        saved(guest);
        const auto image = store.image_path(guest.uuid);
        xen.files[image.string()] = xen.files[link.string()] = {.host = 1, .inode = 7};
        xen.images[link] = xen.images.at(image);
        xen.hold("rewrite_image");
        const auto changing = begin(manager->change_image(link.empty() ? image : link, {guest, true}));
        settle();
        const auto starting = begin(manager->start(guest.uuid, {}));
        loop.run_for(seconds(1));
        EXPECT_FALSE(starting->has_value());
        xen.release("rewrite_image");
        EXPECT_TRUE(end_of(changing));
        EXPECT_EQ(end_of(starting)->status.state, domain::State::paused) << "as was asked";
    }
}

TEST_F(Saving, OfAManagedImageThatIsReplacedAfterItsHeadWasReadIsNotRestored) {
    const auto guest = running("web");
    saved(guest);
    const auto image = store.image_path(guest.uuid);
    xen.before_effect = [&](const auto& call) {
        if (call == "restore") xen.images.at(image).definition.title = "another";
    };
    expect_refused(to_nothing(end_of(manager->start(guest.uuid, {}))), Reason::invalid_state,
                   "has been replaced meanwhile");
    EXPECT_TRUE(info(guest).managed_image) << "there is one";
    xen.before_effect = [](const auto&) {};
    EXPECT_TRUE(end_of(manager->start(guest.uuid, {})));
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

// What it is in the way of, until it is removed

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

TEST_F(Saving, IsRemovedOnRequestAndOnlyThenCanTheDomainBeUndefined) {
    const auto guest = running("web");
    saved(guest);
    expect_refused(end_of(manager->undefine(guest.uuid)), Reason::invalid_state,
                   "undefine it with that (--managed-save)");
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

// Another tool's guests make it outdated

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

// A guest that is restored from it, and not yet let run

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

// A guest that is started paused from it, and was not let run by anybody

TEST_F(Saving, StandsUntilAGuestThatWasStartedPausedFromItRuns) {
    const auto guest = started_paused("web");
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
    expect_refused(end_of(manager->undefine(guest.uuid)), Reason::invalid_state, "managed save image");
    ASSERT_TRUE(end_of(manager->resume(guest.uuid)));
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_THAT(store.images, IsEmpty());
    EXPECT_THAT(store.images_aside, IsEmpty());
    EXPECT_TRUE(end_of(manager->managed_save(guest.uuid, {}))) << "once more";
}

TEST_F(Saving, StandsAlsoWhenItSaysItselfThatItsGuestIsToBePaused) {
    const auto guest = running("web");
    ASSERT_TRUE(end_of(manager->managed_save(guest.uuid, {.paused = true})));
    ASSERT_EQ(end_of(manager->start(guest.uuid, {}))->status.state, domain::State::paused);
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
}

TEST_F(Saving, IsWhereTheNextStartGoesOnWhenAGuestThatWasStartedPausedIsDestroyed) {
    const auto guest = started_paused("web");
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(info(guest).managed_image);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(info(guest).status, Status(RunningReason::restored));
    EXPECT_THAT(store.images, IsEmpty());
}

TEST_F(Saving, StandsForTheNextDaemonBesideAGuestThatWasStartedPaused) {
    const auto guest = started_paused("web");
    const auto domid = info(guest).domid;
    restart();
    settle();
    EXPECT_EQ(info(guest).domid, domid) << "it is left as it is";
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
    EXPECT_TRUE(info(guest).managed_image);
    ASSERT_TRUE(end_of(manager->resume(guest.uuid)));
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_THAT(store.images, IsEmpty());
    EXPECT_THAT(store.images_aside, IsEmpty());
}

TEST_F(Saving, StandsWhenTheDaemonIsKilledWhileItDestroysAGuestThatWasStartedPaused) {
    const auto guest = started_paused("web");
    xen.hold("destroy");
    begin(manager->destroy(guest.uuid));
    settle();
    prepare = [this, uuid = guest.uuid] {
        EXPECT_EQ(store.lives.at(uuid).held, Held::ending);
        xen.release("destroy");
    };
    restart();
    settle();
    EXPECT_EQ(xen.truth.size(), 1u) << "it may have been half taken apart";
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
}

TEST_F(Saving, StandsWhenAGuestThatWasStartedPausedCannotBeLetRun) {
    const auto guest = started_paused("web");
    xen.fail_next("unpause", {Reason::operation_failed, "it stays"});
    EXPECT_FALSE(end_of(manager->resume(guest.uuid)));
    EXPECT_TRUE(info(guest).managed_image);
    EXPECT_TRUE(store.images.contains(guest.uuid));
}

TEST_F(Saving, IsSetAsideWhenAnotherToolLetsAGuestRunThatWasStartedPaused) {
    const auto guest = started_paused("web");
    log::set_level(log::Level::error);
    xen.truth.at(domid_of(guest)).paused = false;
    look();
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_EQ(store.images_aside.size(), 1u);
}

TEST_F(Saving, IsSetAsideAlsoWhenSuchAGuestHasEndedOrIsPausedAgainBeforeItWasSeenToRun) {
    log::set_level(log::Level::error);
    const auto ended = started_paused("ended");
    const auto paused = started_paused("paused");
    xen.truth.at(domid_of(paused)).cpu_time = milliseconds(3);
    xen.truth.at(domid_of(ended)).paused = false;
    xen.stop(domid_of(ended), hypervisor::StopReason::poweroff);
    look();
    EXPECT_EQ(info(ended).domid, -1);
    EXPECT_FALSE(info(ended).managed_image) << "it is older than what the guest has written";
    EXPECT_FALSE(info(paused).managed_image);
    EXPECT_EQ(store.images_aside.size(), 2u);
}

TEST_F(Saving, IsSetAsideByTheNextDaemonWhenSuchAGuestHasGoneWhileNobodyLooked) {
    const auto guest = started_paused("web");
    const auto domid = domid_of(guest);
    prepare = [this, domid] { xen.truth.erase(domid); };
    restart();
    settle();
    EXPECT_FALSE(info(guest).managed_image) << "another tool may have let it run before it ended";
    EXPECT_TRUE(store.images_aside.contains(guest.uuid));
    EXPECT_TRUE(store.lives.empty());
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_EQ(info(guest).status, Status(RunningReason::booted));
}

TEST_F(Saving, IsTrustedByNoDaemonOnceItsGuestHasRunThoughItCanNeitherBeRemovedNorSetAside) {
    const auto guest = started_paused("web");
    const auto domid = domid_of(guest);
    prepare = [this, domid] {
        xen.truth.at(domid).paused = false;
        store.is_full = true;
    };
    restart();
    look();
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    expect_refused(to_nothing(end_of(manager->start(guest.uuid, {}))), Reason::io, "is older than its disks");
    prepare = [this] { store.is_full = false; };
    restart();
    settle();
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_TRUE(store.images_aside.contains(guest.uuid));
}

TEST_F(Saving, IsForgottenAlsoByAPausedStartThatIsToBoot) {
    const auto guest = running("web");
    saved(guest);
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {.paused = true, .fresh = true})));
    EXPECT_EQ(xen.count("restore"), 0u);
    EXPECT_FALSE(info(guest).managed_image);
    EXPECT_THAT(store.images, IsEmpty());
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

}  // namespace
}  // namespace virtlight::manager
