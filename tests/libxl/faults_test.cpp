// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "libxl/bench.hpp"
#include "libxl/play.hpp"

namespace virtlight::fake {
namespace {

class LibxlFaults : public ::testing::TestWithParam<Scenario> {};

// A libxl that has learnt better is no reason to fail, but one to look at what shields us from it.
TEST_P(LibxlFaults, KillTheProcess) {
    const auto outcome = play_in_child("production", GetParam().name);
    if (outcome.empty()) GTEST_SKIP() << "this libxl no longer has the fault";
    EXPECT_NE(outcome.find("it dies of signal 11"), std::string::npos) << outcome;
}

INSTANTIATE_TEST_SUITE_P(OfLibxl, LibxlFaults, ::testing::ValuesIn(faults()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace virtlight::fake
