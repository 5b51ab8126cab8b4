// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/lifeline.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

class LifelineTest : public testing::Test {
 protected:
    void SetUp() override {
        listener = Fd(::socket(AF_UNIX, SOCK_STREAM, 0));
        ASSERT_EQ(UnixAddress::of(socket)->bind(listener), 0);
        ASSERT_EQ(::listen(listener.get(), 5), 0);
    }

    Fd connected() const {
        auto connection = connect_lifeline(socket);
        EXPECT_TRUE(connection);
        return connection ? *std::move(connection) : Fd();
    }

    test::TemporaryFolder folder;
    std::filesystem::path socket = folder.path() / "socket";
    Fd listener;
    test::PollLoop loop;
    int ends = 0;
};

TEST_F(LifelineTest, TellsOnceThatTheOtherEndIsGone) {
    const Lifeline lifeline(loop, connected(), [&] { ++ends; });
    Fd accepted(::accept(listener.get(), nullptr, nullptr));
    ASSERT_TRUE(accepted);
    loop.run_for(seconds(1));
    EXPECT_EQ(ends, 0);
    accepted.reset();
    loop.run_for(seconds(1));
    EXPECT_EQ(ends, 1);
    EXPECT_EQ(loop.watches(), 0);
}

TEST_F(LifelineTest, TellsNothingOnceItIsCut) {
    {
        const Lifeline lifeline(loop, connected(), [&] { ++ends; });
        EXPECT_EQ(loop.watches(), 1);
    }
    EXPECT_EQ(loop.watches(), 0);
    listener.reset();
    loop.run_for(seconds(1));
    EXPECT_EQ(ends, 0);
}

TEST_F(LifelineTest, DoesWithoutAXenstoredThatHasNoSocket) {
    auto none = connect_lifeline(folder.path() / "none");
    ASSERT_TRUE(none);
    const Lifeline lifeline(loop, *std::move(none), [&] { ++ends; });
    loop.run_for(seconds(1));
    EXPECT_EQ(ends, 0);
    EXPECT_EQ(loop.watches(), 0);
}

TEST_F(LifelineTest, IsRefusedWhereXenstoredHasGone) {
    listener.reset();
    const auto refused = connect_lifeline(socket);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, testing::HasSubstr("xenstored cannot be reached"));
}

}  // namespace
}  // namespace virtlight::xenlight
