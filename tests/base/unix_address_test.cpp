// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/unix_address.hpp"

#include <cerrno>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/temporary_folder.hpp"

namespace virtlight {
namespace {

Fd unix_socket() {
    return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

TEST(UnixAddress, LeadsToWhoListensThere) {
    const test::TemporaryFolder folder;
    const auto address = UnixAddress::of(folder.path() / "s");
    ASSERT_TRUE(address);
    const auto before = unix_socket();
    EXPECT_EQ(address->connect(before), -1);
    EXPECT_EQ(errno, ENOENT);

    const auto listener = unix_socket();
    ASSERT_EQ(address->bind(listener), 0);
    ASSERT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(folder.names(), std::set<std::string>{"s"});
    const auto client = unix_socket();
    EXPECT_EQ(address->connect(client), 0);
}

TEST(UnixAddress, TakesAPathAsLongAsTheKernelDoes) {
    const test::TemporaryFolder folder;
    const auto left = UnixAddress::longest_path - folder.path().native().size() - 1;
    const auto longest = UnixAddress::of(folder.path() / std::string(left, 'x'));
    ASSERT_TRUE(longest);
    const auto listener = unix_socket();
    EXPECT_EQ(longest->bind(listener), 0);
    EXPECT_EQ(folder.names(), std::set<std::string>{std::string(left, 'x')}) << "the last letter is missing";

    const auto longer = UnixAddress::of(folder.path() / std::string(left + 1, 'x'));
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().reason, Reason::invalid_argument);
    EXPECT_THAT(longer.error().message, testing::HasSubstr("x' is longer than the 107 bytes"));
}

TEST(UnixAddress, IsNeverThatOfAnAbstractName) {
    using namespace std::string_literals;
    for (const auto& path : {""s, "\0virtlight"s, "/run/s\0"s, "/run/\0/s"s}) {
        const auto address = UnixAddress::of(path);
        ASSERT_FALSE(address) << path;
        EXPECT_EQ(address.error().reason, Reason::invalid_argument);
    }
}

}  // namespace
}  // namespace virtlight
