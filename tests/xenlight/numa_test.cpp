// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/numa.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_platform.hpp"
#include "domain/memory.hpp"

namespace virtlight::xenlight {
namespace {

using domain::mib;

RC_GTEST_PROP(Numa, ComesBackFromLibxlsWordsAsItWas, ()) {
    const domain::Definition definition{
        .numa = domain::arbitrary::numa(*rc::gen::inRange<std::uint64_t>(1, 4096) * mib,
                                        *rc::gen::inRange(1U, 33U))};
    DomainConfig config;
    write_numa(definition, config->b_info);
    RC_ASSERT(read_numa(config->b_info) == definition.numa);
}

TEST(Numa, HasTheUsualDistancesWhereNoneAreGiven) {
    DomainConfig config;
    write_numa({.numa = {{.memory_kib = mib}, {.memory_kib = mib}}}, config->b_info);
    const auto& node = config->b_info.vnuma_nodes[1];
    ASSERT_EQ(node.num_distances, 2);
    EXPECT_EQ(node.distances[0], 20u);
    EXPECT_EQ(node.distances[1], 10u);
    EXPECT_FALSE(libxl_defbool_val(config->b_info.numa_placement));
}

TEST(Numa, OfAGuestOfXlsWithoutDistancesHasTheUsualOnes) {
    DomainConfig config;
    write_numa({.numa = {{.memory_kib = mib}, {.memory_kib = mib}}}, config->b_info);
    for (int id = 0; id < 2; ++id)
        std::ranges::fill_n(config->b_info.vnuma_nodes[id].distances, 2, 0U);
    for (const auto& cell : read_numa(config->b_info))
        EXPECT_TRUE(cell.distances.empty());
}

}  // namespace
}  // namespace virtlight::xenlight
