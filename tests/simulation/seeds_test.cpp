// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "simulation/random_run.hpp"

namespace virtlight::simulation {
namespace {

constexpr unsigned steps = 200;
constexpr unsigned parts = 8;
constexpr unsigned seeds_of_a_part = 250;

/// Several cases, as a machine has several processors.
class Seeds : public ::testing::TestWithParam<unsigned> {};

TEST_P(Seeds, BreakNoRule) {
    const auto first = GetParam() * seeds_of_a_part;
    for (auto seed = first; seed < first + seeds_of_a_part; ++seed) {
        const auto outcome = run_seed(seed, steps);
        ASSERT_EQ(outcome.broken, "")
            << "to see it: simulation_tests --seed " << seed << " --steps " << steps;
    }
}

INSTANTIATE_TEST_SUITE_P(Random, Seeds, ::testing::Range(0U, parts));

TEST(Seed, ReplaysItsRunExactly) {
    for (unsigned seed = 1; seed < 10; ++seed)
        EXPECT_EQ(run_seed(seed, steps).trace, run_seed(seed, steps).trace);
}

}  // namespace
}  // namespace virtlight::simulation
