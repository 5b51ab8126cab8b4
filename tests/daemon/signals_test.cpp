// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/signals.hpp"

#include <gtest/gtest.h>

#include "xenlight/poll_loop.hpp"

namespace virtlight::daemon {
namespace {

TEST(EndSignals, ThatCannotBeWatchedAreAnErrorAndNotADaemonWithoutAnEnd) {
    test::PollLoop loop;
    loop.refuse_watches = true;
    const auto signals = EndSignals::watch(loop, [] {});
    ASSERT_FALSE(signals);
    EXPECT_EQ(signals.error().message,
              "cannot watch for the signals that end the daemon: Bad file descriptor");
}

TEST(EndSignals, LeaveTheLoopWithWhoWatchesForThem) {
    test::PollLoop loop;
    {
        const auto signals = EndSignals::watch(loop, [] {});
        ASSERT_TRUE(signals) << signals.error().message;
        EXPECT_EQ(loop.watches(), 1u);
    }
    EXPECT_EQ(loop.watches(), 0u);
}

}  // namespace
}  // namespace virtlight::daemon
