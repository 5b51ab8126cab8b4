// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simulated/behaviour.hpp"

#include <gtest/gtest.h>

namespace virtlight::simulated {
namespace {

using hypervisor::StopReason;

TEST(Behaviour, WordsOfOthersChangeNothing) {
    EXPECT_EQ(parse_behaviour(""), Behaviour{});
    EXPECT_EQ(parse_behaviour("root=/dev/xvda1 ro  console=hvc0 xsim:frozen sim quiet"), Behaviour{});
}

TEST(Behaviour, EachWordIsUnderstoodAnywhereInTheLine) {
    EXPECT_TRUE(parse_behaviour("quiet sim:frozen")->frozen);
    EXPECT_TRUE(parse_behaviour(" sim:deaf\tquiet")->deaf);
    EXPECT_TRUE(parse_behaviour("sim:build-fails")->build_fails);
    EXPECT_EQ(parse_behaviour("sim:build-takes=2")->build_takes, seconds(2));
    EXPECT_EQ(parse_behaviour("sim:model-ends-after=2")->model_ends, seconds(2));
    EXPECT_EQ(parse_behaviour("sim:crash-after=3")->stop, (Behaviour::Stop{seconds(3), StopReason::crash}));
    EXPECT_EQ(parse_behaviour("sim:reboot-after=3")->stop, (Behaviour::Stop{seconds(3), StopReason::reboot}));
    EXPECT_EQ(parse_behaviour("sim:soft-reset-after=3")->stop,
              (Behaviour::Stop{seconds(3), StopReason::soft_reset}));
    EXPECT_EQ(parse_behaviour("sim:poweroff-after=3")->stop,
              (Behaviour::Stop{seconds(3), StopReason::poweroff}));
}

TEST(Behaviour, SecondsMayHaveAFraction) {
    EXPECT_EQ(parse_behaviour("sim:build-takes=0.25")->build_takes, milliseconds(250));
    EXPECT_EQ(parse_behaviour("sim:build-takes=0")->build_takes, seconds(0));
}

TEST(Behaviour, OfSeveralWaysToStopTheSoonestCounts) {
    EXPECT_EQ(parse_behaviour("sim:reboot-after=5 sim:crash-after=2 sim:poweroff-after=9")->stop,
              (Behaviour::Stop{seconds(2), StopReason::crash}));
}

TEST(Behaviour, AMalformedWordIsAnInvalidArgumentThatNamesIt) {
    for (const auto* word :
         {"sim:", "sim:frost", "sim:frozen=1", "sim:crash-after", "sim:crash-after=", "sim:crash-after=-1",
          "sim:crash-after=1s", "sim:crash-after=1e3", "sim:crash-after=nan", "sim:crash-after=inf",
          "sim:crash-after=0x1", "sim:crash-after=99999999999999999999", "sim:build-takes=1,5"}) {
        const auto behaviour = parse_behaviour(std::string("quiet ") + word + " ro");
        ASSERT_FALSE(behaviour) << word;
        EXPECT_EQ(behaviour.error().reason, Reason::invalid_argument);
        EXPECT_NE(behaviour.error().message.find("'" + std::string(word) + "'"), std::string::npos)
            << behaviour.error().message;
    }
}

}  // namespace
}  // namespace virtlight::simulated
