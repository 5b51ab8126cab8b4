// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/wall_time.hpp"

#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

namespace virtlight {
namespace {

TEST(WallTime, IsWrittenInUtcWhereverTheMachineStands) {
    const auto time =
        std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::milliseconds(2311);
    for (const char* const zone : {"UTC", "EAST-2", "WEST+9"}) {
        ::setenv("TZ", zone, 1);
        ::tzset();
        EXPECT_EQ(to_string(time), "2026-11-22T00:00:02.311Z") << zone;
    }
    ::unsetenv("TZ");
    ::tzset();
}

}  // namespace
}  // namespace virtlight
