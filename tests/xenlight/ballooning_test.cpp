// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/ballooning.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "xenlight/autoballoon.hpp"

namespace virtlight::xenlight {
namespace {

using domain::mib;
using testing::HasSubstr;
using enum Ballooning::Step;

/// A host with little memory free, whose dom0 gives as much of what it was asked for as it is told to.
class BallooningTest : public testing::Test {
 protected:
    Ballooning::Step look(Duration later = limits::balloon_look) {
        now += later;
        const auto step = ballooning->next(seen, now);
        if (step == ask) seen.dom0_target_kib -= ballooning->to_ask_kib();
        return step;
    }
    void need(std::uint64_t kib, bool dom0_gives = true) { ballooning.emplace(kib, dom0_gives, now); }
    void give(std::uint64_t kib) {
        seen.dom0_kib -= kib;
        seen.free_kib += kib;
    }

    Time now{};
    MemorySeen seen{.free_kib = 100 * mib, .dom0_kib = 4000 * mib, .dom0_target_kib = 4000 * mib};
    std::optional<Ballooning> ballooning;
};

TEST_F(BallooningTest, AsksForNothingWhereEnoughIsFree) {
    need(100 * mib);
    EXPECT_EQ(look(), done);
    EXPECT_EQ(ballooning->asked_kib(), 0u);
}

TEST_F(BallooningTest, AsksOnceForWhatIsMissingAndWaitsForIt) {
    need(300 * mib);
    EXPECT_EQ(look(), ask);
    EXPECT_EQ(ballooning->to_ask_kib(), 200 * mib);
    EXPECT_EQ(look(), wait);
    give(150 * mib);
    EXPECT_EQ(look(), wait);
    give(50 * mib);
    EXPECT_EQ(look(), done);
    EXPECT_EQ(ballooning->asked_kib(), 200 * mib);
}

TEST_F(BallooningTest, LeavesToOthersWhatTheyWerePromised) {
    seen.promised_kib = 80 * mib;
    need(100 * mib);
    EXPECT_EQ(look(), ask);
    EXPECT_EQ(ballooning->to_ask_kib(), 80 * mib);
}

TEST_F(BallooningTest, AsksForMoreWhenOthersTakeWhatDom0Gives) {
    need(300 * mib);
    EXPECT_EQ(look(), ask);
    give(200 * mib);
    seen.free_kib -= 70 * mib;
    EXPECT_EQ(look(), ask);
    EXPECT_EQ(ballooning->to_ask_kib(), 70 * mib);
    EXPECT_EQ(ballooning->asked_kib(), 270 * mib);
}

TEST_F(BallooningTest, AsksAgainWhenDom0RestsAndGivesUpInTheEnd) {
    need(300 * mib);
    EXPECT_EQ(look(), ask);
    give(199 * mib);
    EXPECT_EQ(look(), wait);
    EXPECT_EQ(look(limits::balloon_rest), ask);
    EXPECT_EQ(ballooning->to_ask_kib(), 1 * mib);
    EXPECT_EQ(look(limits::balloon_rest), ask);
    EXPECT_EQ(look(limits::balloon_rest), never);
    EXPECT_THAT(ballooning->why_not(), HasSubstr("1 MiB are missing, for which dom0 was asked"));
}

TEST_F(BallooningTest, IsPatientAsLongAsDom0Gives) {
    need(1000 * mib);
    EXPECT_EQ(look(), ask);
    for (int i = 0; i < 8; ++i) {
        give(100 * mib);
        EXPECT_EQ(look(limits::balloon_patience - seconds(1)), wait);
    }
    give(100 * mib);
    EXPECT_EQ(look(), done);
}

TEST_F(BallooningTest, EndsThoughDom0GivesEverSoSlowly) {
    need(1000 * mib);
    EXPECT_EQ(look(), ask);
    auto step = wait;
    for (int i = 0; i < 1000 && step != never; ++i) {
        give(1);
        step = look(seconds(1));
    }
    EXPECT_EQ(step, never);
}

TEST_F(BallooningTest, AsksForNothingThatDom0CannotGive) {
    need(4000 * mib);
    EXPECT_EQ(look(), never);
    EXPECT_EQ(ballooning->why_not(),
              "it needs 4000 MiB of memory and the host has 100 MiB free: 3900 MiB are missing, and dom0, "
              "which is to have 4000 MiB, keeps its minimum of 512");
    EXPECT_EQ(ballooning->asked_kib(), 0u);
}

TEST_F(BallooningTest, SaysWhatIsFreeWhereDom0IsNotAsked) {
    seen.promised_kib = 40 * mib;
    need(100 * mib + 1, false);
    EXPECT_EQ(look(), never);
    EXPECT_EQ(ballooning->why_not(),
              "it needs 101 MiB of memory and the host has 100 MiB free, of which 40 "
              "MiB are for guests that are being made");
}

TEST(Autoballoon, AsksDom0UnlessXenWasToldWhatItIsToHave) {
    using enum Autoballoon;
    for (const auto* const line : {"", "console=com1", "xdom0_mem=1G", "loglvl=all dom0_mem= x"})
        EXPECT_TRUE(dom0_gives_memory(automatic, line)) << line;
    for (const auto* const line :
         {"dom0_mem=1G", "console=com1 dom0_mem=max:4096M", "x dom0_mem=25% y", "xdom0_mem=1 dom0_mem=-1G"})
        EXPECT_FALSE(dom0_gives_memory(automatic, line)) << line;
    EXPECT_TRUE(dom0_gives_memory(on, "dom0_mem=1G"));
    EXPECT_FALSE(dom0_gives_memory(off, ""));
}

}  // namespace
}  // namespace virtlight::xenlight
