// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

/// What can cut a reset short, and what it leaves then.
namespace virtlight::manager {
namespace {

using domain::PausedReason;
using domain::RunningReason;
using domain::ShutoffReason;
using domain::Status;
using Then = DumpOptions::Then;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Its guest is removed, and made anew.
constexpr const char* phases[] = {"destroy", "create"};

class ResetCutShort : public ::testing::Test, protected World {
 protected:
    void expect_error(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    void expect_too_late_for_an_abort(const domain::Definition& guest) {
        expect_error(manager->abort_job(guest.uuid), Reason::invalid_state,
                     "domain '" + guest.name + "' is not to be cut short any more");
    }
    domain::Definition passing(const std::string& name) {
        auto guest = guest_named("passing-" + name);
        EXPECT_TRUE(end_of(manager->create(guest, {})));
        return guest;
    }
    /// A reset of the guest that is held in this phase.
    auto held_reset(const domain::Definition& guest, const char* phase) {
        xen.hold(phase);
        auto resetting = begin(manager->reset(guest.uuid));
        settle();
        return resetting;
    }
    /// Nothing has happened to the guest of domid 1, nor will by the next daemon.
    void expect_as_it_was(const domain::Definition& guest) {
        look();
        EXPECT_EQ(info(guest).domid, 1);
        EXPECT_EQ(info(guest).status.state, domain::State::running);
        EXPECT_EQ(xen.count("destroy"), 0u);
        EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
        EXPECT_FALSE(store.lives.at(guest.uuid).again);
    }
};

TEST_F(ResetCutShort, ByAnAbortBeforeTheGuestIsRemovedLeavesItAsItWas) {
    const auto guest = running("web");
    store.hold();
    const auto resetting = begin(manager->reset(guest.uuid));
    settle();
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    store.release();
    expect_error(end_of(resetting), Reason::cancelled,
                 "cannot reset domain 'web': it was aborted by a client");
    expect_as_it_was(guest);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(ResetCutShort, ByAFullDiskLeavesTheGuestThatCouldNotBeStartedAnew) {
    const auto guest = passing("web");
    store.is_full = true;
    expect_error(end_of(manager->reset(guest.uuid)), Reason::io, "the disk is full");
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    EXPECT_EQ(xen.count("destroy"), 0u);
    store.is_full = false;
    EXPECT_TRUE(end_of(manager->reset(guest.uuid)));
}

TEST_F(ResetCutShort, IsNotByAnAbortOnceTheGuestIsBeingRemoved) {
    for (const auto* const phase : phases) {
        const auto guest = running(std::string("web-") + phase);
        const auto resetting = held_reset(guest, phase);
        expect_too_late_for_an_abort(guest);
        settle();
        EXPECT_FALSE(resetting->has_value());
        xen.release(phase);
        EXPECT_TRUE(end_of(resetting)) << phase;
        EXPECT_EQ(info(guest).status, Status(RunningReason::booted)) << phase;
        EXPECT_THAT(events(), ElementsAre(guest.name + " REBOOT", guest.name + " STARTED/0"));
    }
}

TEST_F(ResetCutShort, IsNotByAnAbortWhichATransientGuestWouldNotSurvive) {
    for (const auto* const phase : phases) {
        const auto guest = passing(phase);
        const auto resetting = held_reset(guest, phase);
        expect_too_late_for_an_abort(guest);
        xen.release(phase);
        EXPECT_TRUE(end_of(resetting)) << phase;
        look();
        ASSERT_TRUE(exists(guest)) << phase;
        EXPECT_EQ(info(guest).status, Status(RunningReason::booted)) << phase;
    }
}

TEST_F(ResetCutShort, ByADestroyLeavesTheDomainOffInEachPhase) {
    for (const auto* const phase : phases) {
        const auto guest = running(std::string("web-") + phase);
        const auto resetting = held_reset(guest, phase);
        const auto destroying = begin(manager->destroy(guest.uuid));
        settle();
        xen.release(phase);
        EXPECT_TRUE(end_of(destroying)) << phase;
        expect_error(end_of(resetting), Reason::cancelled, "the domain was destroyed meanwhile");
        look();
        EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed)) << phase;
        EXPECT_FALSE(store.lives.contains(guest.uuid)) << "no later daemon starts it";
        const auto told = events();
        ASSERT_FALSE(told.empty());
        EXPECT_EQ(told.back(), guest.name + " STOPPED/1");
    }
}

TEST_F(ResetCutShort, ByADestroyBeforeTheGuestIsRemovedEndsItOnce) {
    const auto guest = running("web");
    store.hold();
    const auto resetting = begin(manager->reset(guest.uuid));
    settle();
    const auto destroying = begin(manager->destroy(guest.uuid));
    store.release();
    EXPECT_TRUE(end_of(destroying));
    expect_error(end_of(resetting), Reason::cancelled, "the domain was destroyed meanwhile");
    EXPECT_EQ(xen.count("destroy"), 1u);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(ResetCutShort, ByADestroyEndsATransientDomain) {
    for (const auto* const phase : phases) {
        const auto guest = passing(phase);
        const auto resetting = held_reset(guest, phase);
        const auto destroying = begin(manager->destroy(guest.uuid));
        settle();
        xen.release(phase);
        EXPECT_TRUE(end_of(destroying)) << phase;
        EXPECT_FALSE(end_of(resetting)) << phase;
        look();
        EXPECT_FALSE(exists(guest)) << phase;
    }
}

TEST_F(ResetCutShort, ByItsDeadlineBeforeTheGuestIsRemovedLeavesItAsItWas) {
    const auto guest = running("web");
    store.hold();
    const auto resetting = begin(manager->reset(guest.uuid));
    loop.run_for(limits::reset_deadline + limits::cancel_grace + seconds(1));
    ASSERT_TRUE(resetting->has_value());
    expect_error(**resetting, Reason::timed_out, "not done within 900 s");
    store.release();
    expect_as_it_was(guest);
}

TEST_F(ResetCutShort, ByItsDeadlineSaysThatTheGuestIsGone) {
    for (const auto* const phase : phases) {
        const auto guest = running(std::string("web-") + phase);
        xen.hold(phase);
        const auto resetting = begin(manager->reset(guest.uuid));
        loop.run_for(limits::reset_deadline + seconds(1));
        ASSERT_TRUE(resetting->has_value()) << phase;
        expect_error(**resetting, Reason::timed_out, "its guest is destroyed, and no other has been started");
        xen.release(phase);
    }
}

TEST_F(ResetCutShort, AfterACoreDumpIsNotByAnAbortOnceTheGuestIsBeingRemoved) {
    for (const auto then : {Then::reset, Then::end_as_crashed}) {
        const auto guest = running(then == Then::reset ? "again" : "crashed");
        xen.hold("destroy");
        const auto dumping = begin(manager->dump_core(guest.uuid, "/cores/web", {.then = then}));
        settle();
        expect_too_late_for_an_abort(guest);
        xen.release("destroy");
        EXPECT_TRUE(end_of(dumping));
        EXPECT_EQ(info(guest).domid > 0, then == Then::reset);
    }
}

TEST_F(ResetCutShort, AfterACoreDumpByAnAbortBeforeTheGuestIsRemovedLeavesItRunning) {
    const auto guest = running("web");
    xen.hold("unpause");
    const auto dumping = begin(manager->dump_core(guest.uuid, "/cores/web", {.then = Then::reset}));
    settle();
    EXPECT_TRUE(manager->abort_job(guest.uuid));
    xen.release("unpause");
    expect_error(end_of(dumping), Reason::cancelled, "aborted by a client");
    expect_as_it_was(guest);
}

TEST_F(ResetCutShort, ByTheDaemonsEndIsFinishedByTheNextOneAndNotAborted) {
    for (const auto* const phase : phases) {
        const auto guest = running(std::string("web-") + phase);
        ASSERT_TRUE(end_of(manager->suspend(guest.uuid)));  // as Xen leaves one that it takes apart
        held_reset(guest, phase);
        prepare = [this, phase] {
            xen.release(phase);
            xen.hold("create");
        };
        restart();
        settle();
        expect_too_late_for_an_abort(guest);
        xen.release("create");
        settle();
        EXPECT_EQ(info(guest).status, Status(PausedReason::user)) << phase;
    }
}

}  // namespace
}  // namespace virtlight::manager
