// SPDX-License-Identifier: LGPL-2.1-or-later
#include "daemon/signals.hpp"

#include <cerrno>

#include <gtest/gtest.h>

#include "async/event_loop.hpp"

namespace virtlight::daemon {
namespace {

/// A loop that the kernel lets watch nothing.
class BlindLoop final : public async::FdScheduler {
 public:
    Time now() const override { return loop_.now(); }
    void post(async::Work work) override { loop_.post(std::move(work)); }
    async::TimerId call_at(Time due, async::Work work) override {
        return loop_.call_at(due, std::move(work));
    }
    void cancel(async::TimerId id) override { loop_.cancel(id); }
    async::WatchId watch(int, short, Ready) override {
        errno = EBADF;
        return {};
    }
    void rewatch(async::WatchId, short) override { ADD_FAILURE() << "it watches nothing"; }
    void unwatch(async::WatchId) override { ADD_FAILURE() << "it watches nothing"; }

 private:
    async::EventLoop loop_{"test"};
};

TEST(EndSignals, ThatCannotBeWatchedAreAnErrorAndNotADaemonWithoutAnEnd) {
    BlindLoop loop;
    const auto signals = EndSignals::watch(loop, [] {});
    ASSERT_FALSE(signals);
    EXPECT_EQ(signals.error().message,
              "cannot watch for the signals that end the daemon: Bad file descriptor");
}

TEST(EndSignals, LeaveTheLoopWithWhoWatchesForThem) {
    async::EventLoop loop("test");
    {
        const auto signals = EndSignals::watch(loop, [] {});
        ASSERT_TRUE(signals) << signals.error().message;
        EXPECT_EQ(loop.watches(), 1u);
    }
    EXPECT_EQ(loop.watches(), 0u);
}

}  // namespace
}  // namespace virtlight::daemon
