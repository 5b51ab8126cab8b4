// SPDX-License-Identifier: LGPL-2.1-or-later
// Every interleaving of a small world around the event core, and the wrong bridges that it must catch.
#include <cstdint>
#include <cstdio>

#include <gtest/gtest.h>

#include "model/explorer.hpp"
#include "model/fd_world.hpp"
#include "model/timeout_world.hpp"
#include "model/wrong_bridges.hpp"

namespace virtlight::model {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    (defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
constexpr int fd_steps = 9;  // a sanitizer looks at memory, not at orders: a part of them is enough for it
constexpr int timeout_steps = 8;
constexpr std::uint64_t least_interleavings = 1;
#else
constexpr int fd_steps = 12;
constexpr int timeout_steps = 12;
constexpr std::uint64_t least_interleavings = 1'000'000;
#endif

void expect_all_right(const char* world, const Explored& explored) {
    std::printf("%s: %llu states, %llu interleavings\n", world,
                static_cast<unsigned long long>(explored.states),
                static_cast<unsigned long long>(explored.interleavings));
    EXPECT_EQ(explored.broken.value_or(""), "");
    EXPECT_GE(explored.interleavings, least_interleavings);
}

TEST(EveryInterleaving, OfDescriptorsDeliversEachEventToTheRegistrationItIsAboutAndLeavesNothing) {
    expect_all_right("descriptors", explore(FdWorld<TableBridge>(), fd_steps));
}

class EveryInterleavingOfTimeouts : public testing::TestWithParam<std::chrono::hours> {};

TEST_P(EveryInterleavingOfTimeouts, DeliversEachOnceAndNeverEarly) {
    expect_all_right("timeouts", explore(TimeoutWorld<LedgerBridge>(GetParam()), timeout_steps));
}

INSTANTIATE_TEST_SUITE_P(WithTheWallClockSteppedForwardsAndBackwards, EveryInterleavingOfTimeouts,
                         testing::Values(std::chrono::hours(1), std::chrono::hours(-1)));

template <class World>
void expect_caught(const World& world, const char* what) {
    const auto explored = explore(world, 12);
    ASSERT_TRUE(explored.broken);
    std::printf("caught: %s\n", explored.broken->c_str());
    EXPECT_NE(explored.broken->find(what), std::string::npos) << *explored.broken;
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
