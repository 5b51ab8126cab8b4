// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using testing::HasSubstr;

class MacInUse : public testing::Test, protected World {
 protected:
    /// Defined, with one NIC.
    domain::Definition with_mac(const std::string& name, std::uint8_t last) {
        auto guest = guest_named(name);
        guest.nics = {{.mac = {{0x00, 0x16, 0x3e, 0, 0, last}}, .bridge = "xenbr0"}};
        EXPECT_TRUE(end_of(manager->define(guest)));
        return guest;
    }
    std::string refusal(const domain::Definition& guest) {
        const auto started = end_of(manager->start(guest.uuid, {}));
        return started ? "it was started" : started.error().message;
    }
};

TEST_F(MacInUse, KeepsAnotherGuestFromBeingStarted) {
    const auto web = running(with_mac("web", 1));
    const auto copy = with_mac("copy", 1);
    EXPECT_THAT(refusal(copy), HasSubstr("00:16:3e:00:00:01"));
    EXPECT_THAT(refusal(copy), HasSubstr("in use by domain 'web'"));
    EXPECT_TRUE(store.lives.contains(web.uuid));
    EXPECT_FALSE(store.lives.contains(copy.uuid)) << "it was not even begun";
    ASSERT_TRUE(end_of(manager->destroy(web.uuid)));
    EXPECT_TRUE(end_of(manager->start(copy.uuid, {})));
}

TEST_F(MacInUse, IsSeenOfAGuestThatIsBeingStarted) {
    const auto web = with_mac("web", 1);
    const auto copy = with_mac("copy", 1);
    const auto first = begin(manager->start(web.uuid, {}));
    EXPECT_THAT(refusal(copy), HasSubstr("in use by domain 'web'"));
    EXPECT_TRUE(end_of(first));
}

TEST_F(MacInUse, DoesNotKeepGuestsWithOthersFromBeingStarted) {
    running(with_mac("web", 1));
    EXPECT_TRUE(end_of(manager->start(with_mac("db", 2).uuid, {})));
    EXPECT_TRUE(end_of(manager->start(defined("none").uuid, {})));
}

}  // namespace
}  // namespace virtlight::manager
