// SPDX-License-Identifier: LGPL-2.1-or-later
// The unit for systemd knows the daemon's own bounds, and who else has to do with its guests.
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::daemon {
namespace {

/// What the unit says under this key.
std::string said_of(const std::string& key) {
    const auto unit = read_file(VIRTLIGHT_TESTS "/../packaging/virtlightd.service.in", 1 << 16).value();
    const auto line = "\n" + key + "=";
    const auto at = unit.find(line);
    if (at == unit.npos) return "nothing";
    const auto value = at + line.size();
    return unit.substr(value, unit.find('\n', value) - value);
}

TEST(Service, LetsTheDaemonWaitAtItsEndForAllThatItWaitsFor) {
    const seconds patience(std::atoi(said_of("TimeoutStopSec").c_str()));

    // Operations, timelines and calls of clients; what consoles have seen; threads for files and for logs.
    const auto core = 3 * limits::shut_down_wait + limits::console_farewell + 2 * limits::storage_goodbye;
    // Those that watch, ask, destroy and measure, and those that are lent.
    const auto contexts = 4 + limits::working_contexts + limits::imaging_contexts;
    const auto hypervisor = contexts * limits::libxl_goodbye + limits::storage_goodbye + limits::qmp_answer;
    EXPECT_GT(patience, core + hypervisor);
}

TEST(Service, StopsAfterWhatShutsGuestsDownWithTheHost) {
    EXPECT_EQ(said_of("Before"), "libvirt-guests.service xendomains.service");
}

TEST(Service, StartsGuestsWhenTheirDisksAreThere) {
    EXPECT_THAT(said_of("After"), testing::HasSubstr(" remote-fs.target"));
}

}  // namespace
}  // namespace virtlight::daemon
