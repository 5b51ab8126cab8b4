// SPDX-License-Identifier: LGPL-2.1-or-later
// The daemon's hypervisor on the true libxl: what must not happen when events, ends and requests meet.

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/file.h>

#include "base/limits.hpp"
#include "libxl/clock.hpp"
#include "libxl/device_model.hpp"
#include "libxl/host_fixture.hpp"
#include "libxl/lock_copies.hpp"

namespace virtlight::fake {
namespace {

using hypervisor::StopReason;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// Ends of operations

TEST_F(HostTest, APauseThatCompletesBeforeItsCallReturnsEndsOnce) {
    const auto domid = host_.machine.add("guest");
    EXPECT_TRUE(host_.run(host_.hypervisor().pause(domid, host_.operation())));
    EXPECT_EQ(host_.xen().find(domid)->pauses, 1U);
}

TEST_F(HostTest, AShutdownThatIsCancelledEndsAsCancelled) {
    const auto domid = host_.machine.add("guest");
    async::CancelSource stop;
    const auto shutdown = start_shutdown(domid, stop);
    ASSERT_TRUE(asked(domid));
    stop.cancel();
    EXPECT_EQ(reason(host_.finish(shutdown)), Reason::cancelled);
    EXPECT_EQ(host_.guests().request(domid), "") << "the guest would follow it whenever it gets to it";
    // The next one is not disturbed by what the first has left in libxl.
    const auto next = start_shutdown(domid);
    ASSERT_TRUE(awaited(domid));
    EXPECT_TRUE(waits(next));
    host_.guests().acknowledge(domid);
    EXPECT_TRUE(host_.finish(next));
}

TEST_F(HostTest, AShutdownThatIsCancelledLeavesWhatAnotherToolHasAskedSince) {
    const auto domid = host_.machine.add("guest");
    async::CancelSource stop;
    const auto shutdown = start_shutdown(domid, stop);
    ASSERT_TRUE(awaited(domid));
    host_.xenstore().write(fmt::format("/local/domain/{}/control/shutdown", domid), "reboot");
    stop.cancel();
    EXPECT_EQ(reason(host_.finish(shutdown)), Reason::cancelled);
    EXPECT_EQ(host_.guests().request(domid), "reboot");
}

TEST_F(HostTest, ARebootThatIsCancelledIsTakenBack) {
    const auto domid = host_.machine.add("guest");
    async::CancelSource stop;
    const auto reboot = host_.start(host_.hypervisor().request_reboot(domid, host_.operation(stop)));
    ASSERT_TRUE(asked(domid, "reboot"));
    stop.cancel();
    EXPECT_EQ(reason(host_.finish(reboot)), Reason::cancelled);
    EXPECT_EQ(host_.guests().request(domid), "");
}

TEST_F(HostTest, AnAcknowledgementAndACancelAtOnceEndTheShutdownOnce) {
    const auto domid = host_.machine.add("guest");
    async::CancelSource stop;
    const auto shutdown = start_shutdown(domid, stop);
    ASSERT_TRUE(asked(domid));
    host_.guests().acknowledge(domid);
    stop.cancel();
    EXPECT_TRUE(host_.finish(shutdown)) << "it will stop, whether libxl has heard of it or not";
}

TEST_F(HostTest, AShutdownThatIsNeverAcknowledgedTimesOutAfterAMinute) {
    const auto domid = host_.machine.add("guest");
    const auto shutdown = start_shutdown(domid);
    ASSERT_TRUE(awaited(domid));
    let_pass(seconds(58));
    EXPECT_TRUE(waits(shutdown));
    let_pass(seconds(3));
    const auto end = host_.finish(shutdown);
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().reason, Reason::timed_out);
    EXPECT_FALSE(end.error().details.empty());
    EXPECT_EQ(host_.guests().request(domid), "poweroff") << "it may still follow it";
}

TEST_F(HostTest, ADestroyThatNobodyWaitsForAnyMoreStillHappens) {
    const auto domid = host_.machine.add("guest");
    const auto destroying = host_.xen().calls().hold("xc_domain_destroy");
    async::CancelSource stop;
    const auto destroy = host_.start(host_.hypervisor().destroy(domid, host_.operation(stop)));
    ASSERT_TRUE(host_.until([&] { return destroying.has_caller(); }));
    stop.cancel();
    EXPECT_FALSE(host_.finish(destroy));
    EXPECT_TRUE(seen(domid));
    destroying.release();
    EXPECT_TRUE(host_.until([&] { return !host_.xen().find(domid); }));
    EXPECT_EQ(reason(host_.run(host_.hypervisor().destroy(domid, host_.operation()))), Reason::no_domain);
}

// What libxl keeps of a domain, and locks

/// As another tool holds it.
Fd lock_of(unsigned domid, const Uuid& uuid) {
    const auto path =
        fmt::format("/var/lib/xen/userdata-l.{}.{}.domain-userdata-lock", domid, to_string(uuid));
    Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(::flock(lock.get(), LOCK_EX | LOCK_NB), 0);
    return lock;
}

TEST_F(HostTest, AGuestWhoseLockSomebodyHoldsHoldsUpNoOther) {
    const auto uuid = Uuid::random();
    const auto locked = host_.machine.add("locked", uuid);
    const auto other = host_.machine.add("other");
    auto lock = lock_of(locked, uuid);
    const auto describe = host_.start(host_.hypervisor().describe(locked, {}));
    const auto tune = host_.start(host_.hypervisor().set_memory(locked, 32 * 1024, host_.operation()));
    const auto destroy = host_.start(host_.hypervisor().destroy(locked, host_.operation()));
    EXPECT_TRUE(waits(describe));
    EXPECT_TRUE(host_.run(host_.hypervisor().pause(other, host_.operation())));
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(other, host_.operation())));
    EXPECT_TRUE(host_.xen().find(locked));
    lock.reset();
    EXPECT_TRUE(host_.finish(destroy));
    host_.finish(describe);
    host_.finish(tune);
}

TEST_F(HostTest, ALookAtALockLeavesItToNoChildThatIsForkedMeanwhile) {
    const auto uuid = Uuid::random();
    const auto domid = host_.machine.add("guest", uuid);
    lock_of(domid, uuid).reset();  // the file stays
    const LockCopies copies;
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(domid, host_.operation())));
    EXPECT_TRUE(LockCopies::any());
}

TEST_F(HostTest, ADeviceForAGuestWhoseLockSomebodyHoldsHoldsUpNoOther) {
    const auto uuid = Uuid::random();
    const auto locked = host_.machine.add("locked", uuid);
    const auto other = host_.machine.add("other");
    const auto lock = lock_of(locked, uuid);
    for (const domain::Device& device :
         {domain::Device(domain::Nic{}), domain::Device(domain::UsbController{}),
          domain::Device(domain::PciDevice{})}) {
        async::CancelSource stop;
        const auto attach = host_.start(host_.hypervisor().attach(locked, device, host_.operation(stop)));
        EXPECT_TRUE(waits(attach)) << name_of(device);
        EXPECT_TRUE(host_.run(host_.hypervisor().pause(other, host_.operation()))) << name_of(device);
        stop.cancel();
        EXPECT_EQ(reason(host_.finish(attach)), Reason::cancelled) << name_of(device);
    }
}

TEST_F(HostTest, ADeviceOrAMediumForAGuestWhoseLockIsHeldForLongIsRefusedWithTheReason) {
    const auto uuid = Uuid::random();
    const auto domid = host_.machine.add("guest", uuid);
    const auto lock = lock_of(domid, uuid);
    const domain::Disk empty_drive{.target = domain::parse_disk_name("hdc").value(),
                                   .device = domain::Disk::Device::cdrom,
                                   .source = domain::Disk::Source::none};
    const auto attach = host_.start(host_.hypervisor().attach(domid, domain::Nic{}, host_.operation()));
    const auto eject = host_.start(host_.hypervisor().update(domid, empty_drive, host_.operation()));
    EXPECT_TRUE(waits(attach));
    EXPECT_TRUE(waits(eject));
    let_pass(limits::domain_lock);
    for (const auto& refused : {attach, eject}) {
        const auto end = host_.finish(refused);
        ASSERT_FALSE(end);
        EXPECT_EQ(end.error().reason, Reason::operation_failed);
        EXPECT_THAT(end.error().message, HasSubstr("does not come to its end"));
    }
}

TEST_F(HostTest, AGuestWhoseLockIsHeldForLongIsNotDestroyedAndTheReasonIsTold) {
    const auto uuid = Uuid::random();
    const auto domid = host_.machine.add("guest", uuid);
    const auto lock = lock_of(domid, uuid);
    const auto destroy = host_.start(host_.hypervisor().destroy(domid, host_.operation()));
    EXPECT_TRUE(waits(destroy));
    let_pass(limits::domain_lock);
    const auto end = host_.finish(destroy);
    ASSERT_FALSE(end);
    EXPECT_THAT(end.error().message, HasSubstr("does not come to its end"));
    EXPECT_TRUE(host_.xen().find(domid));
}

// Lives

TEST_F(HostTest, ADeathBeforeItIsFollowedCallsForAttentionAllTheSame) {
    const auto other = host_.machine.add("other");
    const auto dead = host_.machine.add("dead");
    host_.hypervisor().follow({1}, other);
    ASSERT_TRUE(host_.run(host_.hypervisor().look()));
    host_.xen().stop(dead, Stop::poweroff);
    host_.machine.remove(dead);
    ASSERT_TRUE(host_.run(host_.hypervisor().look()));
    int attentions = 0;
    host_.hypervisor().on_attention([&] { ++attentions; });
    host_.hypervisor().follow({2}, dead);
    EXPECT_TRUE(host_.until([&] { return attentions > 0; }));
    EXPECT_FALSE(seen(dead));
    host_.hypervisor().on_attention(nullptr);
}

TEST_F(HostTest, AShutdownBeforeItIsFollowedCallsForAttentionAllTheSame) {
    const auto other = host_.machine.add("other");
    const auto stopped = host_.machine.add("stopped");
    host_.hypervisor().follow({1}, other);
    host_.xen().stop(stopped, Stop::crash);
    ASSERT_TRUE(host_.run(host_.hypervisor().look()));
    int attentions = 0;
    host_.hypervisor().on_attention([&] { ++attentions; });
    host_.hypervisor().follow({2}, stopped);
    EXPECT_TRUE(host_.until([&] { return attentions > 0; }));
    EXPECT_EQ(seen(stopped)->stopped, StopReason::crash);
    host_.hypervisor().on_attention(nullptr);
}

TEST_F(HostTest, EveryStopOfAFollowedGuestCallsForAttention) {
    const auto domid = host_.machine.add("guest");
    int attentions = 0;
    host_.hypervisor().on_attention([&] { ++attentions; });
    host_.hypervisor().follow({1}, domid);
    ASSERT_TRUE(host_.run(host_.hypervisor().look()));
    for (int stop = 1; stop <= 3; ++stop) {
        attentions = 0;
        host_.xen().stop(domid, Stop::suspend);
        EXPECT_TRUE(host_.until([&] { return attentions > 0; })) << "stop " << stop;
        host_.xen().resume(domid);
        host_.xenstore().resume(domid);
    }
    host_.hypervisor().on_attention(nullptr);
}

TEST_F(HostTest, ADomidThatIsUsedAgainAtOnceIsSeenAsAnotherLife) {
    const auto first = Uuid::random();
    const auto second = Uuid::random();
    const auto domid = host_.machine.add("guest", first);
    host_.hypervisor().follow({1}, domid);
    EXPECT_EQ(seen(domid)->uuid, first);
    int attentions = 0;
    host_.hypervisor().on_attention([&] { ++attentions; });
    host_.machine.remove(domid);
    host_.xen().choose_domid(domid);
    ASSERT_EQ(host_.machine.add("guest", second), domid);
    EXPECT_TRUE(host_.until([&] { return attentions > 0; }));
    EXPECT_EQ(seen(domid)->uuid, second);
    host_.hypervisor().on_attention(nullptr);
}

TEST_F(HostTest, AnEventForALifeThatIsOverDisturbsNobody) {
    const auto domid = host_.machine.add("guest");
    for (std::uint64_t life = 1; life <= 20; ++life) {
        host_.hypervisor().follow({life}, domid);
        host_.xenstore().fire("@releaseDomain");
        host_.hypervisor().unfollow({life});
    }
    host_.xen().stop(domid, Stop::poweroff);
    EXPECT_EQ(seen(domid)->stopped, StopReason::poweroff);
}

// xenstored

TEST_F(HostTest, WhenXenstoredIsGoneWhoeverWaitsIsTold) {
    const auto domid = host_.machine.add("guest");
    const auto shutdown = start_shutdown(domid);
    // A libxl that xenstored leaves while it begins to wait crashes: LibxlFaults has that.
    ASSERT_TRUE(awaited(domid));
    host_.xenstore().die();
    const auto end = host_.finish(shutdown);
    ASSERT_FALSE(end);
    EXPECT_THAT(end.error().message, AnyOf(HasSubstr("libxl broke down"), HasSubstr("xenstore")));
}

TEST_F(HostTest, WhenXenstoredIsBackTheGuestsAreFoundAgain) {
    const auto domid = host_.machine.add("guest");
    ASSERT_TRUE(seen(domid));
    host_.xenstore().die();
    ASSERT_TRUE(host_.until([&] { return !host_.run(host_.hypervisor().look()); }));
    host_.xenstore().restart();
    ASSERT_TRUE(host_.until([&] { return host_.run(host_.hypervisor().look()).has_value(); }));
    EXPECT_EQ(seen(domid)->name, "guest");
    EXPECT_TRUE(host_.run(host_.hypervisor().pause(domid, host_.operation())));
}

TEST_F(HostTest, AXenstoredThatIsSlowHoldsUpNothingButWhatAsksIt) {
    const auto domid = host_.machine.add("guest");
    ASSERT_TRUE(seen(domid));
    host_.xenstore().hold_all();
    const auto shutdown = start_shutdown(domid);
    const auto look = host_.start(host_.hypervisor().look());
    EXPECT_TRUE(waits(look));
    host_.xenstore().release();
    EXPECT_TRUE(host_.finish(look));
    ASSERT_TRUE(asked(domid));
    host_.guests().acknowledge(domid);
    EXPECT_TRUE(host_.finish(shutdown));
}

// Children

TEST_F(HostTest, ADestroyerThatFailsEndsTheDestroyWithAReason) {
    const auto domid = host_.machine.add("guest");
    host_.xen().calls().fail("xc_domain_destroy", EPERM);
    const auto destroy = host_.run(host_.hypervisor().destroy(domid, host_.operation()));
    ASSERT_FALSE(destroy);
    EXPECT_FALSE(destroy.error().details.empty());
    host_.xen().calls().forget("xc_domain_destroy");
    EXPECT_TRUE(host_.run(host_.hypervisor().destroy(domid, host_.operation())));
}

// Device models

/// An HVM guest, of which libxl keeps everything, but asks its device model how many vCPUs it has.
class GuestWithDeviceModel : public HostTest {
 protected:
    void SetUp() override {
        domid_ = host_.running(host_.definition(domain::GuestType::hvm));
        ASSERT_NE(domid_, 0U);
        ASSERT_NE(DeviceModels::pid(), 0);
    }
    void TearDown() override { send(SIGCONT); }
    static void send(int signal) {
        if (const auto pid = DeviceModels::pid(); pid != 0) ::kill(pid, signal);
    }
    Pending<Result<domain::Definition>> start_describe() {
        return host_.start(host_.hypervisor().describe(domid_, stop_.token()));
    }

    DeviceModels models_{DeviceModelHabit::runs};
    async::CancelSource stop_;
    unsigned domid_ = 0;
};

TEST_F(GuestWithDeviceModel, ThatDoesNotAnswerIsNotDescribedAsIfItHadNoDevices) {
    send(SIGSTOP);
    const auto describe = start_describe();
    EXPECT_TRUE(waits(describe));
    let_pass(seconds(11));
    EXPECT_EQ(reason(host_.finish(describe)), Reason::timed_out);
    EXPECT_TRUE(host_.run(host_.hypervisor().pause(domid_, host_.operation())));
    send(SIGCONT);
    EXPECT_TRUE(host_.finish(start_describe()));
}

TEST_F(GuestWithDeviceModel, ThatDoesNotAnswerIsWaitedForNoLongerThanSomebodyWantsToKnow) {
    send(SIGSTOP);
    const auto describe = start_describe();
    EXPECT_TRUE(waits(describe));
    stop_.cancel();
    EXPECT_EQ(reason(host_.finish(describe)), Reason::cancelled);
    send(SIGCONT);
    stop_ = {};
    EXPECT_TRUE(host_.finish(start_describe()));
}

TEST_F(GuestWithDeviceModel, ThatIsGoneIsNotDescribedAsIfItHadNoDevices) {
    send(SIGKILL);
    ASSERT_TRUE(host_.until([&] { return !host_.finish(start_describe()); }));
    EXPECT_EQ(reason(host_.finish(start_describe())), Reason::operation_failed);
    EXPECT_EQ(reason(host_.run(host_.hypervisor().check_whole(domid_, {}))), Reason::operation_failed);
}

TEST_F(GuestWithDeviceModel, ThatIsNoMoreIsNoDomain) {
    ASSERT_TRUE(host_.run(host_.hypervisor().destroy(domid_, host_.operation())));
    EXPECT_EQ(reason(host_.finish(start_describe())), Reason::no_domain);
    EXPECT_EQ(reason(host_.run(host_.hypervisor().check_whole(domid_, {}))), Reason::no_domain);
}

// Everything

TEST_F(HostTest, GuestsAreMadeAndDestroyedOverAndOver) {
    for (int round = 0; round < 5; ++round) {
        const auto domid = host_.running(host_.definition());
        ASSERT_NE(domid, 0U);
        EXPECT_TRUE(host_.run(host_.hypervisor().destroy(domid, host_.operation())));
        EXPECT_FALSE(host_.xen().find(domid));
        EXPECT_FALSE(host_.xenstore().exists("/local/domain/" + std::to_string(domid)));
        EXPECT_FALSE(host_.xenstore().exists("/libxl/" + std::to_string(domid)));
    }
}

}  // namespace
}  // namespace virtlight::fake
