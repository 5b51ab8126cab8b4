// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/guest.hpp"

#include <gtest/gtest.h>

namespace virtlight::simulated {
namespace {

using hypervisor::StopReason;

constexpr Guest::Pace pace{.acknowledge = seconds(1), .power_off = seconds(4)};
constexpr Time start{std::chrono::hours(1)};

Guest running(Behaviour behaviour = {}) {
    Guest guest(behaviour, pace);
    guest.run(start);
    return guest;
}

TEST(Guest, RunsOnlyWhileItIsNotHeld) {
    Guest guest({}, pace);
    EXPECT_EQ(guest.ran(start + seconds(5)), seconds(0));
    guest.run(start);
    EXPECT_EQ(guest.ran(start + seconds(5)), seconds(5));
    guest.hold(start + seconds(5));
    EXPECT_EQ(guest.ran(start + seconds(9)), seconds(5));
    guest.run(start + seconds(9));
    EXPECT_EQ(guest.ran(start + seconds(10)), seconds(6));
}

TEST(Guest, LeftAloneAsksForNoTime) {
    EXPECT_FALSE(running().next());
}

TEST(Guest, AcknowledgesARequestAndThenFollowsIt) {
    auto guest = running();
    guest.ask(StopReason::reboot, start + seconds(2));
    EXPECT_EQ(guest.next(), start + seconds(3));
    EXPECT_FALSE(guest.advance(start + seconds(2)).acknowledge);

    const auto did = guest.advance(start + seconds(3));
    EXPECT_TRUE(did.acknowledge);
    EXPECT_FALSE(did.stop);
    EXPECT_EQ(guest.next(), start + seconds(7));
    EXPECT_FALSE(guest.stopped());

    EXPECT_TRUE(guest.advance(start + seconds(7)).stop);
    EXPECT_EQ(guest.stopped(), StopReason::reboot);
    EXPECT_FALSE(guest.next());
}

TEST(Guest, ALaterRequestTakesThePlaceOfOneThatIsNotAcknowledged) {
    auto guest = running();
    guest.ask(StopReason::reboot, start);
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.advance(start + seconds(1)).acknowledge);
    EXPECT_TRUE(guest.advance(start + seconds(5)).stop);
    EXPECT_EQ(guest.stopped(), StopReason::poweroff);
}

TEST(Guest, FollowsNoRequestThatWasTakenBackInTime) {
    auto guest = running();
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.withdraw(StopReason::poweroff));
    EXPECT_FALSE(guest.next());
    EXPECT_FALSE(guest.advance(start + seconds(60)).acknowledge);
}

TEST(Guest, FollowsARequestThatItHasAcknowledgedBeforeItIsTakenBack) {
    auto guest = running();
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.advance(start + seconds(1)).acknowledge);
    EXPECT_FALSE(guest.withdraw(StopReason::poweroff));
    EXPECT_TRUE(guest.advance(start + seconds(5)).stop);
}

TEST(Guest, FollowsTheRequestThatHasTakenThePlaceOfOneThatIsTakenBack) {
    auto guest = running();
    guest.ask(StopReason::poweroff, start);
    guest.ask(StopReason::reboot, start);
    EXPECT_TRUE(guest.withdraw(StopReason::poweroff));
    EXPECT_TRUE(guest.advance(start + seconds(5)).stop);
    EXPECT_EQ(guest.stopped(), StopReason::reboot);
}

TEST(Guest, FrozenHasNotAcknowledgedWhatIsTakenBack) {
    auto guest = running({.frozen = true});
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.withdraw(StopReason::poweroff));
}

TEST(Guest, FrozenNeverAnswers) {
    auto guest = running({.frozen = true});
    guest.ask(StopReason::poweroff, start);
    EXPECT_FALSE(guest.next());
    EXPECT_FALSE(guest.advance(start + seconds(1000)).acknowledge);
}

TEST(Guest, DeafAcknowledgesAndGoesOn) {
    auto guest = running({.deaf = true});
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.advance(*guest.next()).acknowledge);
    EXPECT_FALSE(guest.next());
    EXPECT_FALSE(guest.stopped());
}

TEST(Guest, StopsByItselfAfterTheTimeThatItHasRun) {
    auto guest = running({.stop = Behaviour::Stop{seconds(10), StopReason::crash}});
    EXPECT_EQ(guest.next(), start + seconds(10));
    guest.hold(start + seconds(4));
    EXPECT_FALSE(guest.next());
    guest.run(start + seconds(100));
    EXPECT_EQ(guest.next(), start + seconds(106));
    EXPECT_FALSE(guest.advance(start + seconds(105)).stop);
    EXPECT_TRUE(guest.advance(start + seconds(106)).stop);
    EXPECT_EQ(guest.stopped(), StopReason::crash);
}

TEST(Guest, FindsARequestThatCameWhileItWasHeld) {
    auto guest = running();
    guest.hold(start);
    guest.ask(StopReason::poweroff, start);
    EXPECT_FALSE(guest.next());
    guest.run(start + seconds(50));
    EXPECT_EQ(guest.next(), start + seconds(51));
}

TEST(Guest, CrashesBeforeItAcknowledgesIfThatIsSooner) {
    auto guest = running({.stop = Behaviour::Stop{seconds(1), StopReason::crash}});
    guest.ask(StopReason::poweroff, start + milliseconds(500));
    const auto did = guest.advance(start + seconds(60));
    EXPECT_FALSE(did.acknowledge);
    EXPECT_TRUE(did.stop);
    EXPECT_EQ(guest.stopped(), StopReason::crash);
}

TEST(Guest, ARequestDoesNotPutOffACrash) {
    auto guest = running({.stop = Behaviour::Stop{seconds(2), StopReason::crash}});
    guest.ask(StopReason::poweroff, start);
    EXPECT_TRUE(guest.advance(start + seconds(1)).acknowledge);
    EXPECT_EQ(guest.next(), start + seconds(2));
    EXPECT_TRUE(guest.advance(start + seconds(2)).stop);
    EXPECT_EQ(guest.stopped(), StopReason::crash);
}

TEST(Guest, OnceStoppedStaysAsItIs) {
    auto guest = running();
    guest.stop(StopReason::crash, start + seconds(3));
    guest.stop(StopReason::poweroff, start + seconds(4));
    guest.run(start + seconds(4));
    guest.ask(StopReason::reboot, start + seconds(4));
    EXPECT_EQ(guest.stopped(), StopReason::crash);
    EXPECT_EQ(guest.ran(start + seconds(9)), seconds(3));
    EXPECT_FALSE(guest.next());
}

}  // namespace
}  // namespace virtlight::simulated
