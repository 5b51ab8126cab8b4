// SPDX-License-Identifier: LGPL-2.1-or-later
// The unit for systemd knows the daemon's own bounds.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::daemon {
namespace {

TEST(Service, LetsTheDaemonWaitAtItsEndForAllThatItWaitsFor) {
    const auto unit = read_file(VIRTLIGHT_TESTS "/../packaging/virtlightd.service.in", 1 << 16);
    ASSERT_TRUE(unit) << unit.error().message;
    const std::string key = "TimeoutStopSec=";
    const auto at = unit->find(key);
    ASSERT_NE(at, unit->npos);
    const seconds patience(std::atoi(unit->c_str() + at + key.size()));

    // Operations, timelines and calls of clients; what consoles have seen; threads for files and for logs.
    const auto core = 3 * limits::shut_down_wait + limits::console_farewell + 2 * limits::storage_goodbye;
    // Those that watch, ask, destroy and measure, and those that are lent.
    const auto contexts = 4 + limits::working_contexts + limits::imaging_contexts;
    const auto hypervisor = contexts * limits::libxl_goodbye + limits::storage_goodbye + limits::qmp_answer;
    EXPECT_GT(patience, core + hypervisor);
}

}  // namespace
}  // namespace virtlight::daemon
