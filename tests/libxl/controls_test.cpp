// SPDX-License-Identifier: LGPL-2.1-or-later
// The scenarios are worth something only if they find what is wrong.

#include <algorithm>
#include <ostream>

#include <gtest/gtest.h>

#include "libxl/bench.hpp"
#include "libxl/play.hpp"

namespace virtlight::fake {
namespace {

struct Control {
    const char* bridge;
    const char* scenario;   ///< that has to catch it
    const char* complaint;  ///< among others

    friend void PrintTo(const Control& control, std::ostream* out) { *out << control.bridge; }
};

class WrongBridges : public ::testing::TestWithParam<Control> {};

TEST_P(WrongBridges, AreCaught) {
    const auto& [bridge, scenario, complaint] = GetParam();
    const auto complaints = play_in_child(bridge, scenario);
    EXPECT_NE(complaints.find(complaint), std::string::npos)
        << "instead: " << (complaints.empty() ? "nothing" : complaints);
}

INSTANTIATE_TEST_SUITE_P(
    Controls, WrongBridges,
    ::testing::Values(
        Control{"of-2012", "AFetchedDescriptorIsClosedAndItsNumberUsedAgain",
                "libxl is told of a descriptor that it has taken back"},
        Control{"of-2012", "ARegularFileIsSavedTo", "it dies of signal 11"},
        Control{"delivers-twice", "AnAbortModifiesATimeoutTwice", "ends (-9) when it has to wait"},
        Control{"delivers-twice", "ATimeoutIsDueWhenItIsModified", "a timeout is delivered that is not owed"},
        Control{"trusts-the-wall-clock", "TheWallClockIsSetForward", "ms early"},
        Control{"trusts-the-wall-clock", "TheWallClockIsSetBack", "ends 0 times"},
        Control{"asks-by-the-wall-clock", "TheWallClockIsSetForward", "ms early"},
        Control{"leaves-aborts-be", "AnAbortComesAfterATimeout", "it dies of signal 11"},
        Control{"leaves-removal-to-close", "ADescriptorLivesOnInAChild",
                "the kernel still watches a descriptor that libxl has taken back"},
        Control{"delivers-twice", "TheLoopOf2012", "a timeout is delivered that is not owed"},
        Control{"forgets-the-first", "OneDescriptorIsRegisteredTwice", "what is typed does not arrive"}),
    [](const auto& control) {
        std::string name = std::string(control.param.bridge) + "_by_" + control.param.scenario;
        std::ranges::replace(name, '-', '_');
        return name;
    });

class RightBridges : public ::testing::TestWithParam<Scenario> {};

TEST_P(RightBridges, PassWhetherTheyAreTheDaemonsOrNot) {
    EXPECT_EQ(play_in_child("plain", GetParam().name), "");
    EXPECT_EQ(play_in_child("production", GetParam().name), "");
}

INSTANTIATE_TEST_SUITE_P(Controls, RightBridges, ::testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace virtlight::fake
