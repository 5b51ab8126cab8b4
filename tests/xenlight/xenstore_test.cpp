// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/xenstore.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "async/event_loop.hpp"
#include "xenlight/fake_xen.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

using fake_xen::shutdown_request;
using fake_xen::Xen;

/// A request stands in xenstore, and is to be taken back.
class Withdrawing : public ::testing::Test {
 protected:
    Withdrawing() { Xen::get().reset(); }

    Result<std::optional<std::string>> withdraw() { return xenstore_.withdraw(shutdown_request, "poweroff"); }

    async::EventLoop loop_{"withdrawing"};
    Xenstore xenstore_{loop_};
};

TEST_F(Withdrawing, EmptiesWhatStillStands) {
    Xen::get().write(shutdown_request, "poweroff");
    const auto held = withdraw();
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_EQ(*held, "poweroff");
    EXPECT_EQ(Xen::get().read(shutdown_request), "");
}

TEST_F(Withdrawing, LeavesWhatSomebodyElseHasAskedSince) {
    Xen::get().write(shutdown_request, "reboot");
    const auto held = withdraw();
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_EQ(*held, "reboot");
    EXPECT_EQ(Xen::get().read(shutdown_request), "reboot");
}

TEST_F(Withdrawing, MakesNoNodeWhereThereIsNone) {
    const auto held = withdraw();
    ASSERT_TRUE(held) << held.error().message;
    EXPECT_FALSE(*held);
    EXPECT_FALSE(Xen::get().exists(shutdown_request));
}

TEST_F(Withdrawing, DoesNotTakeAFailedReadForSomethingElseThatStands) {
    Xen::get().write(shutdown_request, "poweroff");
    ASSERT_TRUE(xenstore_.open());
    Xen::get().kill_xenstored();
    const auto held = withdraw();
    ASSERT_FALSE(held);
    EXPECT_TRUE(held.error().message.contains(shutdown_request)) << held.error().message;
}

TEST(Watching, LeavesALostConnectionOutOfTheLoop) {
    Xen::get().reset();
    test::PollLoop loop;
    Xenstore xenstore(loop);
    ASSERT_TRUE(xenstore.open());
    Xen::get().kill_xenstored();
    EXPECT_FALSE(xenstore.watch("/local/domain/5/console/tty", [] {}));
    EXPECT_EQ(loop.watches(), 0) << "it would be ready for ever";
}

}  // namespace
}  // namespace virtlight::xenlight
