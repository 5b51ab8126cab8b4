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
using hypervisor::ShutdownMethod;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Guest : public ::testing::Test, protected World {};

TEST_F(Guest, IsSuspendedAndResumed) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->suspend(guest.uuid)));
    EXPECT_EQ(info(guest).status, Status(PausedReason::user));
    EXPECT_TRUE(xen.truth.at(1).paused);
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
    EXPECT_EQ(info(guest).status, Status(RunningReason::unpaused));
    EXPECT_FALSE(xen.truth.at(1).paused);
    look();
    EXPECT_THAT(events(), ElementsAre("web SUSPENDED/0", "web RESUMED/0"));
}

TEST_F(Guest, StaysAsItIsWhenItIsSuspendedOrResumedAlready) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
    EXPECT_THAT(events(), IsEmpty());
    end_of(manager->suspend(guest.uuid)).value();
    events();
    EXPECT_TRUE(end_of(manager->suspend(guest.uuid)));
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Guest, ThatDoesNotRunRefusesWhatNeedsARunningOne) {
    const auto guest = defined("web");
    const auto expect_refused = [&](const Result<>& result, const std::string& verb) {
        ASSERT_FALSE(result) << verb;
        EXPECT_EQ(result.error().reason, Reason::invalid_state);
        EXPECT_EQ(result.error().message, "cannot " + verb + " domain 'web': domain is not running");
    };
    expect_refused(end_of(manager->suspend(guest.uuid)), "suspend");
    expect_refused(end_of(manager->resume(guest.uuid)), "resume");
    expect_refused(end_of(manager->shutdown(guest.uuid, {})), "shut down");
    expect_refused(end_of(manager->reboot(guest.uuid)), "reboot");
    expect_refused(end_of(manager->destroy(guest.uuid)), "destroy");
}

TEST_F(Guest, ThatDiesDuringAPauseIsNotRunningAndHasStopped) {
    const auto guest = running("web");
    xen.hold("pause");
    const auto pausing = begin(manager->suspend(guest.uuid));
    settle();
    xen.vanish(1);
    settle();
    xen.release("pause");
    const auto failed = end_of(pausing);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, Reason::invalid_state);
    settle();
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Guest, IsAskedToShutDownInItsOwnWayFirstAndByAcpiIfItDoesNotListen) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->shutdown(guest.uuid, {})));
    EXPECT_EQ(xen.count("acpi"), 0u);
    xen.fail_next("shutdown", {Reason::unsupported_operation, "no drivers"});
    EXPECT_TRUE(end_of(manager->shutdown(guest.uuid, {})));
    EXPECT_EQ(xen.count("acpi"), 1u);
}

TEST_F(Guest, IsAskedOnlyInTheWayThatWasNamed) {
    const auto guest = running("web");
    xen.fail_next("shutdown", {Reason::unsupported_operation, "no drivers"});
    const auto refused = end_of(manager->shutdown(guest.uuid, ShutdownMethod::paravirtual));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::unsupported_operation);
    EXPECT_EQ(xen.count("acpi"), 0u);
    EXPECT_TRUE(end_of(manager->shutdown(guest.uuid, ShutdownMethod::acpi)));
    EXPECT_EQ(xen.count("acpi"), 1u);
}

TEST_F(Guest, ThatNeverAnswersARequestDelaysNobodyElse) {
    const auto frozen = running("frozen");
    const auto other = running("other");
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(frozen.uuid, {}));
    settle();
    EXPECT_EQ(info(frozen).status.state, domain::State::running);
    EXPECT_TRUE(end_of(manager->suspend(other.uuid)));
    EXPECT_FALSE(asking->has_value());
    const auto timed_out = end_of(asking);
    ASSERT_FALSE(timed_out);
    EXPECT_EQ(timed_out.error().reason, Reason::timed_out);
    EXPECT_EQ(timed_out.error().message, "cannot shut down domain 'frozen': not done within 75 s");
    EXPECT_EQ(info(frozen).status.state, domain::State::running);
}

TEST_F(Guest, ThatStopsWithoutAcknowledgingHasDoneWhatItWasAskedFor) {
    const auto guest = running("web");
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    xen.stop(1, StopReason::poweroff);
    settle();
    ASSERT_TRUE(asking->has_value());
    EXPECT_TRUE(**asking);
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::shutdown));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/0"));
}

TEST_F(Guest, ThatSomebodyElseDestroysDuringOurShutdownWaitIsToldAsDestroyed) {
    const auto guest = running("web");
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    xen.vanish(1);
    settle();
    ASSERT_TRUE(asking->has_value());
    EXPECT_TRUE(**asking);
    EXPECT_EQ(info(guest).domid, -1);
    // One that has powered off is there until we remove it.
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Guest, ThatAnotherToolRemovesDuringOurShutdownWaitHasShutDown) {
    const auto guest = guest_named("xl-made");
    xen.make(guest);
    look();
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    xen.vanish(1);
    settle();
    ASSERT_TRUE(asking->has_value());
    EXPECT_TRUE(**asking);
    EXPECT_THAT(events(), ElementsAre("xl-made STARTED/0", "xl-made STOPPED/0"));
}

/// Its status tells who has wanted its end.
class AskedGuest : public Guest {
 protected:
    void SetUp() override {
        guest.on_poweroff = domain::LifecycleAction::preserve;
        running(guest);
    }
    void abort_a_shutdown() {
        xen.hold("shutdown");
        const auto asking = begin(manager->shutdown(guest.uuid, {}));
        settle();
        ASSERT_TRUE(manager->abort_job(guest.uuid));
        const auto aborted = end_of(asking);
        ASSERT_FALSE(aborted);
        EXPECT_EQ(aborted.error().reason, Reason::cancelled);
        xen.release("shutdown");
    }
    Status status_after_poweroff() {
        xen.stop(1, StopReason::poweroff);
        settle();
        return info(guest).status;
    }

    domain::Definition guest = guest_named("web");
};

TEST_F(AskedGuest, ThatIsAskedNoMoreStopsOfItsOwnWill) {
    abort_a_shutdown();
    EXPECT_EQ(status_after_poweroff(), Status(domain::ShutdownReason::unknown));
}

TEST_F(AskedGuest, ThatHasNotAnsweredInTimeMayStillDoAsItWasAsked) {
    xen.fail_next("shutdown", {Reason::timed_out, "no answer"});
    EXPECT_FALSE(end_of(manager->shutdown(guest.uuid, {})));
    EXPECT_EQ(status_after_poweroff(), Status(domain::ShutdownReason::user));
}

TEST_F(AskedGuest, ThatHasNotAnsweredIsToldOfWithWhatNeedsNoAnswer) {
    xen.fail_next("shutdown", {Reason::timed_out, "no answer"});
    EXPECT_EQ(
        end_of(manager->shutdown(guest.uuid, {})).error().message,
        "cannot shut down domain 'web': no answer; the guest may still do as it was asked, and a destroy "
        "needs no answer of it");
    xen.fail_next("reboot", {Reason::timed_out, "no answer"});
    EXPECT_EQ(
        end_of(manager->reboot(guest.uuid)).error().message,
        "cannot reboot domain 'web': no answer; the guest may still do as it was asked, and a reset needs "
        "no answer of it");
}

TEST_F(AskedGuest, ThatIsAskedNoMoreMayStillDoAsItWasAskedBefore) {
    EXPECT_TRUE(end_of(manager->shutdown(guest.uuid, {})));
    abort_a_shutdown();
    EXPECT_EQ(status_after_poweroff(), Status(domain::ShutdownReason::user));
}

TEST_F(Guest, ThatIsDestroyedDuringARebootRequestHasNotRebooted) {
    const auto guest = running("web");
    xen.hold("reboot");
    const auto asking = begin(manager->reboot(guest.uuid));
    settle();
    xen.vanish(1);
    settle();
    ASSERT_TRUE(asking->has_value());
    ASSERT_FALSE(**asking);
    EXPECT_EQ((**asking).error().reason, Reason::invalid_state);
}

TEST_F(Guest, ThatIsFrozenIsDestroyedWithoutWaitingForTheRequest) {
    const auto guest = running("web");
    xen.hold("shutdown");
    const auto asking = begin(manager->shutdown(guest.uuid, {}));
    settle();
    const auto before = loop.now();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_EQ(loop.now(), before);
    ASSERT_TRUE(asking->has_value());
    ASSERT_FALSE(**asking);
    EXPECT_EQ((**asking).error().reason, Reason::cancelled);
    EXPECT_EQ((**asking).error().message,
              "cannot shut down domain 'web': the domain was destroyed meanwhile");
    EXPECT_EQ(info(guest).status, Status(ShutoffReason::destroyed));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Guest, ThatIsDestroyedTellsItOnceAndIsForgotten) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    look();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_FALSE(manager->find_by_domid(1));
    EXPECT_TRUE(store.lives.empty());
    EXPECT_TRUE(xen.followed().empty());
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Guest, ThatIsBeingDestroyedIsNotedAsSuch) {
    const auto guest = running("web");
    xen.hold("destroy");
    const auto destroying = begin(manager->destroy(guest.uuid));
    settle();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::ending);
    xen.release("destroy");
    EXPECT_TRUE(end_of(destroying));
}

TEST_F(Guest, ThatCannotBeDestroyedIsStillThere) {
    const auto guest = running("web");
    xen.fail_next("destroy", {Reason::operation_failed, "stuck", {"libxl: why"}});
    const auto failed = end_of(manager->destroy(guest.uuid));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message, "cannot destroy domain 'web': stuck");
    EXPECT_THAT(failed.error().details, ElementsAre("libxl: why"));
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no) << "the next daemon leaves it alone";
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Guest, ThatIsBeingStartedCanBeDestroyed) {
    const auto guest = guest_named("web");
    xen.hold("create");
    const auto creating = begin(manager->create(guest, {}));
    settle();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    ASSERT_TRUE(creating->has_value());
    EXPECT_EQ((*creating)->error().reason, Reason::cancelled);
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_FALSE(exists(guest));
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Guest, ThatIsAlmostStartedCanBeDestroyed) {
    const auto guest = defined("web");
    xen.hold("unpause");
    const auto starting = begin(manager->start(guest.uuid, {}));
    settle();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_EQ((*starting)->error().reason, Reason::cancelled);
    EXPECT_EQ(xen.truth.size(), 1u);
    EXPECT_TRUE(store.lives.empty());
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Guest, ThatStayedStoppedRefusesRequestsAndCanBeDestroyed) {
    auto guest = guest_named("web");
    guest.on_poweroff = domain::LifecycleAction::preserve;
    running(guest);
    xen.stop(1, StopReason::poweroff);
    settle();
    EXPECT_THAT(events(), ElementsAre("web SHUTDOWN/1"));
    const auto refused = end_of(manager->shutdown(guest.uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_state);
    EXPECT_THAT(refused.error().message, HasSubstr("domain is in shutdown"));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_THAT(events(), ElementsAre("web STOPPED/1"));
}

TEST_F(Guest, IsDomain0AndRefusesEveryChange) {
    const auto dom0 = manager->find_by_domid(0).value();
    EXPECT_EQ(dom0.name, "Domain-0");
    EXPECT_TRUE(dom0.uuid.is_nil());
    EXPECT_EQ(dom0.status.state, domain::State::running);
    EXPECT_EQ(dom0.memory_max_kib, 4u << 20) << "no more than the host has";
    EXPECT_EQ(dom0.vcpus, 2u);
    EXPECT_EQ(manager->find_by_name("Domain-0")->domid, 0);

    const auto expect_refused = [](const auto& result) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, Reason::invalid_state);
        EXPECT_THAT(result.error().message, HasSubstr("Domain-0 does not support requested operation"));
    };
    const Uuid nil;
    expect_refused(end_of(manager->start(nil, {})));
    expect_refused(end_of(manager->suspend(nil)));
    expect_refused(end_of(manager->resume(nil)));
    expect_refused(end_of(manager->shutdown(nil, {})));
    expect_refused(end_of(manager->reboot(nil)));
    expect_refused(end_of(manager->destroy(nil)));
    expect_refused(end_of(manager->undefine(nil)));
    expect_refused(end_of(manager->set_autostart(nil, true)));
    auto impostor = guest_named("Domain-0");
    EXPECT_EQ(end_of(manager->define(impostor)).error().reason, Reason::domain_exists);
    impostor.uuid = nil;
    expect_refused(end_of(manager->define(impostor)));
    expect_refused(end_of(manager->create(impostor, {})));
    EXPECT_THAT(events(), IsEmpty());
    EXPECT_TRUE(store.domains.empty());
}

TEST_F(Guest, ThatCrashesLeavesItsCoreWhereItsDefinitionAsksForIt) {
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::coredump_restart;
    running(guest);
    xen.stop(1, hypervisor::StopReason::crash);
    settle();
    EXPECT_TRUE(xen.dumps.contains("/cores/web"));
    loop.run_for(seconds(2));
    EXPECT_EQ(info(guest).domid, 2) << "held back for a second, as it has not lived for long";
    EXPECT_THAT(events(), ElementsAre("web STOPPED/2", "web STARTED/0"));
    guest.on_crash = domain::LifecycleAction::coredump_destroy;
    end_of(manager->destroy(guest.uuid)).value();
    running(guest);
    xen.fail_next("dump", {Reason::io, "the disk is full"});
    xen.stop(3, hypervisor::StopReason::crash);
    settle();
    EXPECT_EQ(info(guest).status, Status(domain::ShutoffReason::crashed)) << "it does not stay for that";
}

TEST_F(Guest, ThatCrashesStartsAnewAlsoWhereItsCoreCannotBeKeptInTime) {
    auto guest = guest_named("web");
    guest.on_crash = domain::LifecycleAction::coredump_restart;
    running(guest);
    log::set_level(log::Level::error);
    xen.hold("dump");
    xen.stop(1, hypervisor::StopReason::crash);
    EXPECT_TRUE(loop.run_until([&] { return info(guest).domid == 2; }, std::chrono::hours(2)));
    settle();
    EXPECT_EQ(xen.count("dump"), 1U) << "each takes as long";
    EXPECT_THAT(events(), ElementsAre("web STOPPED/2", "web STARTED/0"));
}

TEST_F(Guest, ThatResetsItselfSoftlyAndCannotGoOnStaysPaused) {
    const auto guest = running("web");
    log::set_level(log::Level::error);
    xen.fail_next("unpause", {Reason::operation_failed, "Xen is busy"});
    xen.stop(1, hypervisor::StopReason::soft_reset);
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::paused);
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web SUSPENDED/6"));
    EXPECT_TRUE(end_of(manager->resume(guest.uuid)));
    look();
    EXPECT_THAT(events(), ElementsAre("web RESUMED/0"));
}

TEST_F(Guest, ThatIsResettingItselfSoftlyIsNotedAsSuch) {
    const auto guest = running("web");
    xen.hold("unpause");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    look();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::resetting);
    xen.release("unpause");
    look();
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Guest, ThatResetsItselfSoftlyStaysTheDomainThatItIs) {
    const auto guest = running("web");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status, Status(RunningReason::booted));
    EXPECT_FALSE(xen.truth.at(1).paused);
    EXPECT_THAT(events(), ElementsAre("web REBOOT"));
    xen.fail_next("soft_reset", {Reason::operation_failed, "its device model is gone"});
    log::set_level(log::Level::error);
    xen.stop(1, hypervisor::StopReason::soft_reset);
    look();
    loop.run_for(seconds(2));
    EXPECT_EQ(info(guest).domid, 2) << "a reboot is better than an end";
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Guest, ThatCannotResetItselfStartsAnewAlsoWhereThatShowsLate) {
    const auto guest = running("web");
    log::set_level(log::Level::error);
    xen.fail_next("soft_reset", {Reason::operation_failed, "its device model is gone"});
    xen.hold("soft_reset");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    loop.run_for(limits::start_deadline + std::chrono::minutes(5));
    EXPECT_EQ(xen.count("soft_reset"), 1u);
    xen.release("soft_reset");
    EXPECT_TRUE(loop.run_until([&] { return info(guest).domid == 2; }, std::chrono::hours(1)));
    EXPECT_EQ(xen.count("soft_reset"), 1u) << "it would fail again";
}

TEST_F(Guest, WhoseResetDoesNotComeToItsEndIsStartedAnew) {
    const auto guest = running("web");
    log::set_level(log::Level::error);
    xen.hold("soft_reset");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    loop.run_for(limits::soft_reset);
    EXPECT_EQ(info(guest).domid, 1);
    loop.run_for(seconds(10));
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(xen.count("soft_reset"), 1u);
    EXPECT_THAT(events(), ElementsAre("web REBOOT", "web STARTED/0"));
}

TEST_F(Guest, ThatIsResetByHalfAndCannotBeRemovedAtOnceIsStartedAnewAllTheSame) {
    const auto guest = running("web");
    log::set_level(log::Level::error);
    xen.hold("soft_reset");
    xen.hold("destroy");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    loop.run_for(seconds(10));
    xen.truth.at(1).stopped.reset();
    xen.truth.at(1).paused = true;
    loop.run_for(limits::after_stop_deadline);
    EXPECT_EQ(info(guest).status.state, domain::State::shutdown) << "it is not taken for one that was paused";
    xen.release("destroy");
    EXPECT_TRUE(loop.run_until([&] { return info(guest).domid == 2; }, std::chrono::hours(1)));
    EXPECT_EQ(xen.count("soft_reset"), 1u);
}

TEST_F(Guest, ThatResetsItselfSoftlyAgainAndAgainIsHeldBack) {
    const auto guest = running("web");
    for (const auto end = loop.now() + seconds(120); loop.now() < end; loop.run_for(milliseconds(100)))
        if (auto& seen = xen.truth.at(1); !seen.paused && !seen.stopped)
            xen.stop(1, hypervisor::StopReason::soft_reset);
    EXPECT_LE(xen.count("soft_reset"), 7u) << "after 1, 2, 4, 8, 16, 32 and 60 s";
    EXPECT_GE(xen.count("soft_reset"), 5u);
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid))) << "that does not wait for it";
    EXPECT_EQ(info(guest).domid, -1);
}

TEST_F(Guest, ThatHasStoppedIsToldOfOnceHoweverOftenItsRemovalFails) {
    const auto guest = running("web");
    xen.stop(1, hypervisor::StopReason::soft_reset);  // soon after its start: it is held back
    settle();
    events();
    std::size_t told = 0;
    for (int i = 0; i < 2; ++i) {
        xen.fail_next("destroy", {Reason::operation_failed, "refused"});
        EXPECT_FALSE(end_of(manager->destroy(guest.uuid)));
        look();
        for (const auto& event : events())
            if (event.starts_with("web SHUTDOWN")) ++told;
    }
    EXPECT_EQ(told, 1u);
}

TEST_F(Guest, ThatResetsItselfSoftlyNowAndThenIsNotHeldBack) {
    const auto guest = running("web");
    for (unsigned resets = 1; resets < 4; ++resets) {
        loop.run_for(limits::quick_life);
        xen.stop(1, hypervisor::StopReason::soft_reset);
        settle();
        EXPECT_EQ(xen.count("soft_reset"), resets);
    }
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Guest, ThatIsHeldBackBeforeItsSoftResetAndIsGoneMeanwhileIsOff) {
    const auto guest = running("web");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    settle();
    xen.vanish(1);
    look();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_EQ(xen.count("soft_reset"), 0u);
    EXPECT_TRUE(store.lives.empty());
}

TEST_F(Guest, ThatResetsItselfSoftlyIsHeldBackForTheNextDaemon) {
    const auto guest = running("web");
    xen.stop(1, hypervisor::StopReason::soft_reset);
    settle();
    restart();
    loop.run_for(seconds(3));
    EXPECT_EQ(xen.count("soft_reset"), 1u);
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
}

TEST_F(Guest, ThatResetsItselfSoftlyKeepsThePasswordThatWasSetSinceItsStart) {
    auto web = guest_named("web");
    web.graphics.vnc = {.password = "old"};
    web.video = domain::default_video(web.type, web.graphics);
    const auto guest = running(web);
    ASSERT_TRUE(end_of(manager->edit_device(guest.uuid, "<graphics type='vnc' autoport='yes' passwd='new'/>",
                                            domain::DeviceEdit::change, {.guest = true})));
    std::string password;
    xen.before_effect = [&](const std::string& call) {
        auto& its = xen.definitions.at(1);
        if (call == "unpause") password = its.graphics.vnc->password;
        if (call != "soft_reset") return;
        its.graphics.vnc->password = "old";  // as libxl has it
        its.graphics.vnc->port = 5907;
        its.consoles[0].tty = "/dev/pts/9";
    };
    xen.stop(1, hypervisor::StopReason::soft_reset);
    loop.run_for(seconds(2));
    EXPECT_EQ(password, "new") << "before it runs";
    const auto live = manager->definition(guest.uuid, Which::live);
    EXPECT_EQ(live->graphics.vnc->port, 5907u);
    EXPECT_EQ(live->consoles[0].tty, "/dev/pts/9");
    EXPECT_EQ(store.lives.at(guest.uuid).definition.consoles[0].tty, "/dev/pts/9");
}

}  // namespace
}  // namespace virtlight::manager
