// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/spice_port.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/limits.hpp"

namespace virtlight::xenlight {
namespace {

using testing::HasSubstr;

constexpr const char* here = "127.0.0.1";

/// Who listens at a port, as SPICE's server (`reuse`) or as another program. Empty: it cannot.
Fd listening(unsigned port, bool reuse) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = reuse ? 1 : 0;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    const sockaddr_in address{.sin_family = AF_INET,
                              .sin_port = htons(static_cast<std::uint16_t>(port)),
                              .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                              .sin_zero = {}};
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return {};
    if (::listen(socket.get(), 1) != 0) return {};
    return socket;
}

TEST(SpicePort, IsForOneServerAlone) {
    auto one = SpicePort::take(here);
    const auto other = SpicePort::take(here);
    ASSERT_TRUE(one && other);
    EXPECT_GE(one->number(), limits::first_spice_port);
    EXPECT_GT(other->number(), one->number());
    EXPECT_FALSE(listening(one->number(), false)) << "another program does not get it";
    const auto server = listening(one->number(), true);
    EXPECT_TRUE(server) << "the server does, while it is kept";
    EXPECT_FALSE(listening(one->number(), true));
    const auto number = one->number();
    one = SpicePort::take(here);
    EXPECT_NE(one->number(), number) << "it is in use by then";
}

TEST(SpicePort, IsFreeAgainWhenNobodyListens) {
    const auto number = SpicePort::take(here)->number();
    EXPECT_EQ(SpicePort::take(here)->number(), number);
    EXPECT_TRUE(SpicePort::take("0.0.0.0"));
    EXPECT_THAT(SpicePort::take("192.0.2.1").error().message, HasSubstr("can have no port at 192.0.2.1"));
}

}  // namespace
}  // namespace virtlight::xenlight
