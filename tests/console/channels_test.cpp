// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/channels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "console/loop_test.hpp"
#include "console/pty.hpp"

// Which channels there are, and who has them.

namespace virtlight::console {
namespace {

using testing::HasSubstr;

domain::Console agent_at(const std::string& tty) {
    domain::Console console{.target = domain::Console::Target::channel, .port = 1, .name = "agent"};
    console.tty = tty;
    return console;
}

class ChannelsTest : public test::LoopTest {
 protected:
    Result<std::shared_ptr<Channel>> open(bool force = false) {
        return channels.open(loop, "web", "agent", force);
    }

    test::Pty pty;
    Channels channels;
};

TEST_F(ChannelsTest, AreNoneOfTheConsolesBesideThem) {
    channels.follow({{.tty = pty.path()}});
    EXPECT_EQ(channels.open(loop, "web", {}, false).error().reason, Reason::invalid_argument);
}

TEST_F(ChannelsTest, CannotBeOpenedBeforeTheirTtyIsThere) {
    channels.follow({agent_at("")});
    EXPECT_THAT(open().error().message, HasSubstr("channel 'agent' of domain 'web' has no tty yet"));
    channels.follow({agent_at(pty.path())});
    EXPECT_TRUE(open());
}

TEST_F(ChannelsTest, AreStillSomebodysWhenTheirTtyHasMoved) {
    channels.follow({agent_at(pty.path())});
    const auto user = open().value();
    const test::Pty moved;
    channels.follow({agent_at(moved.path())});
    EXPECT_THAT(open().error().message, HasSubstr("Active channel stream exists"));
    EXPECT_FALSE(user->end());
}

TEST_F(ChannelsTest, StayWithTheirUserWhenTheyCannotBeOpenedForAnother) {
    channels.follow({agent_at(pty.path())});
    const auto user = open().value();
    channels.follow({agent_at("/nowhere")});
    EXPECT_FALSE(open(true));
    EXPECT_FALSE(user->end());
}

TEST_F(ChannelsTest, EndWithTheLifeAndGiveItsLastWords) {
    channels.follow({agent_at(pty.path())});
    const auto user = open().value();
    pty.say("last words");
    channels.finish();
    ASSERT_TRUE(user->end());
    EXPECT_TRUE(*user->end());
    EXPECT_EQ(user->read(100), "last words");
    EXPECT_EQ(open().error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace virtlight::console
