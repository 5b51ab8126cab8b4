// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/channel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "console/loop_test.hpp"
#include "console/pty.hpp"

namespace virtlight::console {
namespace {

using async::Task;
using testing::HasSubstr;

class ChannelTest : public test::LoopTest {
 public:
    void take() {
        for (auto text = channel.read(7); !text.empty(); text = channel.read(7))
            heard += text;
    }

    test::Pty pty;
    Channel channel{loop, "web/agent"};
    std::string heard;
    int wakes = 0;

    friend struct ChannelBodies;
};

struct ChannelBodies {
    static Task<> both_ways(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        t.channel.on_change([&t] { ++t.wakes; });
        t.pty.say(std::string_view("from\0 the guest\xff", 16));
        co_await t.until([&t] { return t.wakes > 0; });
        t.take();
        EXPECT_EQ(t.heard, std::string_view("from\0 the guest\xff", 16)) << "the bytes as they are";
        EXPECT_EQ(t.channel.write("to it"), 5U);
        EXPECT_EQ(t.pty.heard(), "to it");
        EXPECT_FALSE(t.channel.end());
    }

    static Task<> what_does_not_fit_waits(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        const std::string much(1024 * 1024, 'x');
        std::size_t taken = 0;
        std::size_t last = 0;
        do
            taken += last = t.channel.write(std::string_view(much).substr(taken));
        while (last > 0);
        EXPECT_LT(taken, much.size()) << "the guest reads nothing";
        t.channel.on_change([&t] { ++t.wakes; });
        std::size_t read = t.pty.heard().size();
        co_await t.until([&t] { return t.wakes > 0; });
        co_await t.until([&] {
            read += t.pty.heard().size();
            return read >= taken;
        });
        EXPECT_GT(t.channel.write("more"), 0U) << "now there is room";
    }

    static Task<> the_last_bytes_for_the_guest(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        EXPECT_TRUE(t.channel.all_written());
        const std::string much(1024, 'x');
        std::size_t taken = 0;
        while (t.channel.all_written())
            taken += t.channel.write(much);
        EXPECT_GT(taken, 0U);
        t.channel.on_change([&t] { ++t.wakes; });
        std::size_t read = 0;
        co_await t.until([&] {
            read += t.pty.heard().size();
            return t.channel.all_written();
        });
        EXPECT_GT(t.wakes, 0);
        co_await t.until([&] {
            read += t.pty.heard().size();
            return read >= taken;
        });
        while (t.channel.all_written())
            t.channel.write(much);
        t.channel.finish();
        EXPECT_TRUE(t.channel.all_written()) << "nobody is there to take it";
    }

    static Task<> the_last_words(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        t.pty.say("last words");
        t.channel.finish();
        EXPECT_TRUE(t.channel.end() && *t.channel.end());
        t.take();
        EXPECT_EQ(t.heard, "last words");
        co_return;
    }

    static Task<> another_one_takes_it(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        t.channel.close({Reason::operation_failed, "taken"});
        EXPECT_EQ(t.channel.end()->error().message, "taken");
        t.channel.finish();
        EXPECT_FALSE(*t.channel.end()) << "the first end counts";
        co_return;
    }

    static Task<> one_who_does_not_read(ChannelTest& t) {
        EXPECT_TRUE(t.channel.open(t.pty.path()));
        const std::string words(1000, 'x');
        std::size_t said = 0;
        co_await t.until([&] {
            said += t.pty.offer(words);
            return t.channel.end() || said > 2 * limits::channel_output;
        });
        EXPECT_TRUE(t.channel.end() && !*t.channel.end());
        EXPECT_THAT(t.channel.end()->error().message, HasSubstr("channel web/agent"));
    }
};

TEST_F(ChannelTest, CarriesBytesBothWaysAsTheyAre) {
    run(ChannelBodies::both_ways(*this));
}
TEST_F(ChannelTest, KeepsWhatTheGuestDoesNotTakeWithinBounds) {
    run(ChannelBodies::what_does_not_fit_waits(*this));
}
TEST_F(ChannelTest, TellsWhenTheGuestHasAllThatWasWritten) {
    run(ChannelBodies::the_last_bytes_for_the_guest(*this));
}
TEST_F(ChannelTest, OfAGuestThatHasEndedGivesItsLastWords) {
    run(ChannelBodies::the_last_words(*this));
}
TEST_F(ChannelTest, ThatAnotherOneTakesSaysSo) {
    run(ChannelBodies::another_one_takes_it(*this));
}
TEST_F(ChannelTest, ThatNobodyReadsEndsInsteadOfLosingBytes) {
    run(ChannelBodies::one_who_does_not_read(*this));
}

}  // namespace
}  // namespace virtlight::console
