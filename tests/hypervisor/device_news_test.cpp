// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/device_news.hpp"

#include <array>
#include <cerrno>
#include <string_view>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::hypervisor {
namespace {

/// A kernel that says what the test has it say.
class DeviceNewsTest : public testing::Test {
 protected:
    DeviceNewsTest() { log::set_level(log::Level::error); }

    Result<Fd> open() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        kernel = Fd(ends[0]);
        return Fd(ends[1]);
    }
    bool say(std::string_view message) const {
        return ::send(kernel.get(), message.data(), message.size(), MSG_NOSIGNAL) > 0;
    }
    void listen() {
        news.on_news([this] { ++told; });
    }

    bool refuses = false;
    Fd kernel;
    int told = 0;
    test::PollLoop loop;
    DeviceNews news{loop, [this] { return refuses ? fail(Reason::io, "not in here") : open(); }};
};

TEST_F(DeviceNewsTest, AreToldOnceForMessagesThatAreThereTogether) {
    listen();
    for (const auto* const message : {"add@/devices/a", "bind@/devices/a", "remove@/devices/b"})
        ASSERT_TRUE(say(message));
    loop.run_for(seconds(60));
    EXPECT_EQ(told, 1);
    ASSERT_TRUE(say("add@/devices/b"));
    loop.run_for(seconds(60));
    EXPECT_EQ(told, 2);
}

TEST_F(DeviceNewsTest, AreNotListenedToWhenNobodyWantsToKnow) {
    EXPECT_EQ(loop.watches(), 0);
    listen();
    EXPECT_EQ(loop.watches(), 1);
    news.on_news({});
    EXPECT_EQ(loop.watches(), 0);
    EXPECT_FALSE(say("add@/devices/a")) << "the socket is closed";
    listen();
    ASSERT_TRUE(say("add@/devices/a"));
    loop.run_for(seconds(60));
    EXPECT_EQ(told, 1);
}

TEST_F(DeviceNewsTest, MayBeThereAtAnyTimeWhereTheKernelTellsNothing) {
    refuses = true;
    listen();
    loop.run_for(3 * limits::device_news_rest);
    EXPECT_EQ(told, 3);
    news.on_news({});
    loop.run_for(3 * limits::device_news_rest);
    EXPECT_EQ(told, 3);
}

TEST_F(DeviceNewsTest, MayBeThereAtAnyTimeWhereTheSocketCannotBeWatched) {
    loop.refuse_watches = true;
    listen();
    EXPECT_FALSE(say("add@/devices/a")) << "the socket is closed";
    loop.run_for(limits::device_news_rest);
    EXPECT_EQ(told, 1);
}

TEST(DeviceMessages, AreGivenToWhoeverAsks) {
    const auto socket = open_device_messages();
    if (!socket) GTEST_SKIP() << socket.error().message;
    std::array<char, 1> first{};
    if (::recv(socket->get(), first.data(), first.size(), MSG_DONTWAIT) < 0) EXPECT_EQ(errno, EAGAIN);
}

}  // namespace
}  // namespace virtlight::hypervisor
