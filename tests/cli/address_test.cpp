// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/address.hpp"

#include <gtest/gtest.h>

namespace virtlight::cli {
namespace {

TEST(Address, WithoutAWordIsTheHostsOwnDaemon) {
    EXPECT_EQ(socket_of({}), "/run/virtlightd.sock");
}

TEST(Address, OfARootIsTheSocketBelowIt) {
    EXPECT_EQ(socket_of({.root = "/tmp/v"}), "/tmp/v/run/virtlightd.sock");
    EXPECT_EQ(socket_of({.root = "v/"}), "v/run/virtlightd.sock");
}

TEST(Address, OfAUriIsTheSocketItNames) {
    EXPECT_EQ(socket_of({.uri = "xen+unix:///system?socket=/a/b.sock"}), "/a/b.sock");
    EXPECT_EQ(socket_of({.uri = "xen:///system"}), "/run/virtlightd.sock");
}

TEST(Address, OfAUriIsReadAsLibvirtReadsIt) {
    EXPECT_EQ(socket_of({.uri = "xen+unix:///system?socket=/my%20host/%c3%BC"}), "/my host/\xc3\xbc");
    EXPECT_EQ(socket_of({.uri = "xen+unix:///system?socket=/50%/%zz%2"}), "/50%/%zz%2");
}

TEST(Address, OfTheEnvironmentGivesWayToTheCommandLine) {
    EXPECT_EQ(socket_of({.environment = "xen+unix:///system?socket=/env"}), "/env");
    EXPECT_EQ(socket_of({.root = "/r", .environment = "xen+unix:///system?socket=/env"}),
              "/r/run/virtlightd.sock");
    EXPECT_EQ(socket_of({.uri = "xen+unix:///system?socket=/uri", .environment = "nonsense"}), "/uri");
}

TEST(Address, ThatSaysTwoPlacesOrNoneThatExistsIsRefused) {
    EXPECT_FALSE(socket_of({.root = "/r", .uri = "xen:///system"}));
    for (const auto* uri : {"qemu:///system", "xen+ssh://host/system", "xen+unix:///system?socket=",
                            "/a/b.sock", "xen+unix:///system?socket=/a&mode=direct", ""}) {
        const auto socket = socket_of({.uri = uri});
        ASSERT_FALSE(socket) << uri;
        EXPECT_NE(socket.error().message.find(uri), std::string::npos);
    }
}

TEST(Address, ThatIsEmptyIsNotTheHostsOwnDaemon) {
    const auto socket = socket_of({.root = ""});
    ASSERT_FALSE(socket);
    EXPECT_EQ(socket.error().message, "--root '' is no folder: it is empty");
}

}  // namespace
}  // namespace virtlight::cli
