// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_server.hpp"

#include <cerrno>
#include <future>
#include <memory>

#include <gtest/gtest.h>
#include <poll.h>

extern "C" {
#include <xenstore.h>
}

namespace virtlight::fake {
namespace {

struct Close {
    void operator()(xs_handle* handle) const { xs_close(handle); }
};
using Handle = std::unique_ptr<xs_handle, Close>;

/// The true libxenstore on the server.
class XenstoreServerTest : public ::testing::Test {
 protected:
    static std::string read(const Handle& handle, xs_transaction_t in, const char* path) {
        unsigned size = 0;
        const std::unique_ptr<char, decltype(&std::free)> value(
            static_cast<char*>(xs_read(handle.get(), in, path, &size)), &std::free);
        return value ? std::string(value.get(), size) : "none";
    }
    static bool write(const Handle& handle, xs_transaction_t in, const char* path, const std::string& value) {
        return xs_write(handle.get(), in, path, value.data(), static_cast<unsigned>(value.size()));
    }
    static std::string event(const Handle& handle) {
        pollfd waiting{xs_fileno(handle.get()), POLLIN, 0};
        if (::poll(&waiting, 1, 10'000) != 1) return "none";
        const std::unique_ptr<char*, decltype(&std::free)> strings(xs_check_watch(handle.get()), &std::free);
        return strings ? strings.get()[XS_WATCH_PATH] : "none";
    }

    XenstoreServer server_{[](unsigned) { return DomainState::alive; }};
    Handle one_{xs_open(0)};
    Handle other_{xs_open(0)};
};

TEST_F(XenstoreServerTest, ClientsSeeWhatOthersWrite) {
    EXPECT_TRUE(write(one_, XBT_NULL, "/a", "value"));
    EXPECT_EQ(read(other_, XBT_NULL, "/a"), "value");
    EXPECT_EQ(server_.read("/a"), "value");
    EXPECT_EQ(read(other_, XBT_NULL, "/b"), "none");
    EXPECT_EQ(errno, ENOENT);
}

TEST_F(XenstoreServerTest, AWatchTellsOfTheChangeOfAnother) {
    ASSERT_TRUE(xs_watch(one_.get(), "/a", "token"));
    EXPECT_EQ(event(one_), "/a");
    ASSERT_TRUE(write(other_, XBT_NULL, "/a/b", "x"));
    EXPECT_EQ(event(one_), "/a/b");
    server_.remove("/a");
    EXPECT_EQ(event(one_), "/a");
}

TEST_F(XenstoreServerTest, CollidingTransactionsAreToldToTryAgain) {
    const auto first = xs_transaction_start(one_.get());
    const auto second = xs_transaction_start(other_.get());
    EXPECT_TRUE(write(one_, first, "/a", "1"));
    EXPECT_TRUE(write(other_, second, "/a", "2"));
    EXPECT_TRUE(xs_transaction_end(other_.get(), second, false));
    EXPECT_FALSE(xs_transaction_end(one_.get(), first, false));
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(server_.read("/a"), "2");
}

TEST_F(XenstoreServerTest, ARequestThatIsHeldIsAnsweredWhenItIsReleased) {
    server_.write("/a", "1");
    server_.hold_all();
    auto answer = std::async(std::launch::async, [this] { return read(one_, XBT_NULL, "/a"); });
    while (server_.held() == 0)
        std::this_thread::yield();
    server_.write("/a", "2");
    server_.release();
    EXPECT_EQ(answer.get(), "2");
}

TEST_F(XenstoreServerTest, AClientOfADeadServerGetsErrorsUntilItConnectsAgain) {
    ASSERT_TRUE(write(one_, XBT_NULL, "/a", "value"));
    server_.die();
    EXPECT_EQ(read(one_, XBT_NULL, "/a"), "none");
    EXPECT_FALSE(Handle(xs_open(0)));
    server_.restart();
    EXPECT_EQ(read(one_, XBT_NULL, "/a"), "none");
    EXPECT_EQ(read(Handle(xs_open(0)), XBT_NULL, "/a"), "value");
}

// Whoever waits for a watch alone is not told: the thread in libxenstore that reads ends in silence, and the
// descriptor to poll is a pipe of the process's own.
TEST_F(XenstoreServerTest, AClientThatWaitsForAWatchIsNotToldThatTheServerDied) {
    ASSERT_TRUE(xs_watch(one_.get(), "/a", "token"));
    EXPECT_EQ(event(one_), "/a");
    server_.die();
    pollfd waiting{xs_fileno(one_.get()), POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 200), 0);
    EXPECT_EQ(read(one_, XBT_NULL, "/a"), "none");
}

}  // namespace
}  // namespace virtlight::fake
