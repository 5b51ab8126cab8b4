// SPDX-License-Identifier: LGPL-2.1-or-later
// Every interleaving of a small world around the event core, and the wrong bridges that it must catch.
#include <chrono>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/explorer.hpp"
#include "model/fd_world.hpp"
#include "model/timeout_world.hpp"
#include "model/wrong_bridges.hpp"

namespace virtlight::model {
namespace {

constexpr int counted_steps = 12;

void expect_all_right(const Explored& explored) {
    EXPECT_EQ(explored.broken.value_or(""), "");
}

TEST(EveryInterleaving, OfDescriptorsDeliversEachEventToTheRegistrationItIsAboutAndLeavesNothing) {
    const FdWorld<TableBridge> first;
    const auto walked = walk(first, counted_steps);
    expect_all_right(walked);
    // Without end, as a thread may fetch what is ready again and again.
    const auto reached = reach(first);
    expect_all_right(reached);
    fmt::print("descriptors: {} interleavings of {} steps, {} worlds; {} worlds in however many steps\n",
               walked.interleavings.back(), counted_steps, walked.worlds, reached.worlds);
    EXPECT_EQ(walked.interleavings.back(), 16'570'400);
}

class EveryInterleavingOfTimeouts : public testing::TestWithParam<std::chrono::hours> {};

TEST_P(EveryInterleavingOfTimeouts, DeliversEachOnceAndNeverEarly) {
    const auto walked = walk(TimeoutWorld<LedgerBridge>(GetParam()), to_the_end);
    expect_all_right(walked);
    ASSERT_GT(walked.interleavings.size(), counted_steps);
    fmt::print("timeouts: {} interleavings of {} steps, {} of all {}, {} worlds\n",
               walked.interleavings[counted_steps], counted_steps, walked.interleavings.back(),
               walked.interleavings.size() - 1, walked.worlds);
    EXPECT_EQ(walked.interleavings[counted_steps], 85'544'231);
}

INSTANTIATE_TEST_SUITE_P(WithTheWallClockSteppedForwardsAndBackwards, EveryInterleavingOfTimeouts,
                         testing::Values(std::chrono::hours(1), std::chrono::hours(-1)));

template <class World>
void expect_caught(const World& world, const char* what) {
    const auto explored = walk(world, 12);
    ASSERT_TRUE(explored.broken);
    fmt::print("caught: {}\n", *explored.broken);
    EXPECT_NE(explored.broken->find(what), std::string::npos) << *explored.broken;
    EXPECT_NE(explored.broken->find("; after:\n  "), std::string::npos) << *explored.broken;
}

TEST(WrongBridge, ThatCarriesTheRegistrationInTheEventIsCaught) {
    expect_caught(FdWorld<RawPointerBridge>(), "an event reached a registration that is gone");
}

TEST(WrongBridge, ThatLooksUpByTheNumberOfTheDescriptorIsCaught) {
    expect_caught(FdWorld<NumberBridge>(), "an event of another file reached a registration");
}

TEST(WrongBridge, ThatLeavesTheDeletingToCloseIsCaught) {
    expect_caught(FdWorld<NoDeleteBridge>(), "the kernel still has an entry");
}

TEST(WrongBridge, ThatDeliversWhenGivenUpAndAgainWhenDueIsCaught) {
    expect_caught(TimeoutWorld<TwiceBridge>(std::chrono::hours(1)), "delivered");
}

TEST(WrongBridge, ThatKeepsDeadlinesOnTheWallClockIsCaught) {
    expect_caught(TimeoutWorld<WallClockBridge>(std::chrono::hours(1)), "early");
}

}  // namespace
}  // namespace virtlight::model
