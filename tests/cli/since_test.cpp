// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/since.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.hpp"

namespace virtlight::cli {
namespace {

/// In a place two hours before UTC, whatever the machine's.
class Since : public testing::Test {
 protected:
    Since() { set_zone("EAST-2"); }
    ~Since() override { set_zone("UTC"); }

    static void set_zone(const char* zone) {
        ::setenv("TZ", zone, 1);
        ::tzset();
    }
    std::string of(std::string_view text) const {
        const auto time = parse_since(text, now);
        return time ? to_string(*time) : "refused";
    }

    const WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 22) + std::chrono::hours(12);
};

TEST_F(Since, IsHowLongAgo) {
    EXPECT_EQ(of("90"), "2026-11-22T11:58:30.000Z");
    EXPECT_EQ(of("90s"), "2026-11-22T11:58:30.000Z");
    EXPECT_EQ(of("15m"), "2026-11-22T11:45:00.000Z");
    EXPECT_EQ(of("2h"), "2026-11-22T10:00:00.000Z");
    EXPECT_EQ(of("3d"), "2026-11-19T12:00:00.000Z");
}

TEST_F(Since, IsATimeAsTheLogsHaveIt) {
    EXPECT_EQ(of("2026-11-22T10:15:02.311Z"), "2026-11-22T10:15:02.311Z");
    EXPECT_EQ(of("2026-11-22T10:15Z"), "2026-11-22T10:15:00.000Z");
    EXPECT_EQ(of("10:15:02.5Z"), "2026-11-22T10:15:02.500Z");
    EXPECT_EQ(of("2026-11-22T10:15:02.311999Z"), "2026-11-22T10:15:02.311Z");
}

TEST_F(Since, IsTheTimeOfAPlaceThatSaysHowFarAheadItIs) {
    EXPECT_EQ(of("2026-11-22T10:15:02.311+02:00"), "2026-11-22T08:15:02.311Z");
    EXPECT_EQ(of("2026-11-22 10:15-05:30"), "2026-11-22T15:45:00.000Z");
    EXPECT_EQ(of("02:15+14:00"), "2026-11-22T12:15:00.000Z") << "it is the 23rd there";
}

TEST_F(Since, IsTheTimeOfThisMachineWithoutAZ) {
    EXPECT_EQ(of("2026-11-22 10:15:02"), "2026-11-22T08:15:02.000Z");
    EXPECT_EQ(of("2026-11-22"), "2026-11-21T22:00:00.000Z");
    EXPECT_EQ(of("10:15"), "2026-11-22T08:15:00.000Z");
}

TEST_F(Since, IsNothingElse) {
    for (const auto* const text : {"", "soon", "3w", "-5", "2026-13-01", "2026-11-22T10:15:02.xZ",
                                   "10:15 o'clock", "10:15:02.311xyz", "10:15:02.", "10:15.5", "2026-02-31",
                                   "2026-02-29T10:15Z", "10:15:02.311+2:00", "10:15+24:00", "10:15+02:60"})
        EXPECT_EQ(of(text), "refused") << text;
    EXPECT_THAT(parse_since("soon", now).error().message, testing::HasSubstr("'soon' is no time"));
}

}  // namespace
}  // namespace virtlight::cli
