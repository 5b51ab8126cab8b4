// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "libxl/bench.hpp"
#include "libxl/schedule.hpp"

namespace virtlight::fake {
namespace {

class Bridges : public ::testing::TestWithParam<Scenario> {};

TEST_P(Bridges, TheDaemonsKeepsTheRulesInEverySchedule) {
    for (unsigned seed = 1; seed <= schedules(); ++seed) {
        perturb_with(seed);
        Bench bench({"production", make_production_bridge});
        GetParam().play(bench);
        ASSERT_EQ(bench.complaints(), std::vector<std::string>{}) << "in the schedule of seed " << seed;
    }
    perturb_with(0);
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Bridges, ::testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return scenario.param.name; });

}  // namespace
}  // namespace virtlight::fake
