// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/builds.hpp"

#include <gtest/gtest.h>

namespace virtlight::xenlight {
namespace {

TEST(Builds, ThatWereGivenUpMayTakeTheirDevicesOfTheHostAsLongAsLibxlWorksOnThem) {
    const domain::PciAddress card{.bus = 7};
    Builds builds;
    auto build = builds.begin(Uuid::random(), {{.address = card, .managed = true}});
    EXPECT_FALSE(builds.may_still_take(card)) << "somebody waits for it";
    build->given_up = true;
    EXPECT_TRUE(builds.may_still_take(card));
    EXPECT_FALSE(builds.may_still_take({.bus = 8}));
    build.reset();
    EXPECT_FALSE(builds.may_still_take(card));
}

}  // namespace
}  // namespace virtlight::xenlight
