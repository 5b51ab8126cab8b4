// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/console_ttys.hpp"

#include <gtest/gtest.h>

#include "xenlight/fake_xen.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Console;
using fake_xen::Xen;
using hypervisor::LifeId;

constexpr auto console_node = "/local/domain/5/console/tty";
constexpr auto serial_node = "/local/domain/5/serial/0/tty";

struct ConsoleTtysTest : testing::Test {
    void SetUp() override { xen.reset(); }

    void follow(std::vector<Console> consoles) {
        ttys.follow(&store, life, 5, std::move(consoles), [this](const auto& seen) {
            ++tellings;
            told.clear();
            for (const auto& console : seen)
                told.push_back(console.tty);
        });
        loop.run_for(seconds(1));
    }

    Xen& xen = Xen::get();
    test::PollLoop loop;
    Xenstore store{loop};
    ConsoleTtys ttys;
    const LifeId life{1};
    int tellings = 0;
    std::vector<std::string> told;
};

using Told = std::vector<std::string>;

TEST_F(ConsoleTtysTest, TellsWhereEachConsoleIs) {
    xen.write(console_node, "/dev/pts/1");
    xen.write(serial_node, "/dev/pts/2");
    follow({{}, {.target = Console::Target::serial}});
    EXPECT_EQ(told, (Told{"/dev/pts/1", "/dev/pts/2"}));
}

TEST_F(ConsoleTtysTest, TellsATtyThatComesLateAndOneThatMoves) {
    follow({{}});
    EXPECT_EQ(told, Told{""});
    xen.write(console_node, "/dev/pts/7");
    loop.run_for(seconds(1));
    EXPECT_EQ(told, Told{"/dev/pts/7"});
    xen.write(console_node, "/dev/pts/8");
    loop.run_for(seconds(1));
    EXPECT_EQ(told, Told{"/dev/pts/8"});
}

TEST_F(ConsoleTtysTest, TellsNothingOfALifeThatIsNotFollowedAnyMore) {
    follow({{}});
    const auto before = tellings;
    ttys.unfollow(&store, life);
    xen.write(console_node, "/dev/pts/7");
    loop.run_for(seconds(1));
    EXPECT_EQ(tellings, before);
}

TEST_F(ConsoleTtysTest, AsksTheNextConnectionAnew) {
    follow({{}});
    xen.write(console_node, "/dev/pts/7");
    Xenstore next(loop);
    ttys.resume(next);
    loop.run_for(seconds(1));
    EXPECT_EQ(told, Told{"/dev/pts/7"});
    // The connection before ends first, in the daemon: only here it is still there.
    store.unwatch(console_node);
    ttys.unfollow(&next, life);
}

/// What a guest names is whatever of dom0's it would like to be opened.
TEST_F(ConsoleTtysTest, BelievesNoNodeThatTheGuestHasPutThere) {
    const std::string node = "/local/domain/5/device/console/1/tty";
    xen.write(node, "/dev/pts/4");
    follow({{.port = 1}});
    EXPECT_EQ(told, Told{"/dev/pts/4"});
    xen.replace(node, "/dev/watchdog", 5);
    loop.run_for(seconds(1));
    EXPECT_EQ(told, Told{""});
}

TEST(ConsoleTtys, FurtherConsolesStandElsewhere) {
    EXPECT_EQ(tty_node(3, {.port = 2}), "/local/domain/3/device/console/2/tty");
}

}  // namespace
}  // namespace virtlight::xenlight
