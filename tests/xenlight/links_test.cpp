// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/links.hpp"

#include <functional>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/temporary_folder.hpp"
#include "xenlight/device_model.hpp"

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using domain::Nic;
using test::DeviceModel;
using test::yes;
using testing::ElementsAre;
using testing::HasSubstr;

/// On a thread of their own, with a network of its own: all that there is is 'lo', which is down.
class Links : public testing::Test {
 protected:
    void in_a_network(const std::function<void()>& body) {
        bool made = false;
        std::thread([&] {
            made = ::unshare(CLONE_NEWNET) == 0;
            if (made) body();
        }).join();
        if (!made) GTEST_SKIP() << "only root makes networks";
    }
    Result<> set(Nic nic, bool down, GuestType type = GuestType::pv) {
        nic.link_down = down;
        return set_links(7, type, {&nic, 1}, folder.path());
    }

    test::TemporaryFolder folder;
    const Nic there{.model = "netfront", .target = "lo"};
    const Nic elsewhere{.devid = 3, .model = "netfront"};
};

TEST_F(Links, AreDownWhereTheirInterfacesAre) {
    in_a_network([&] {
        EXPECT_TRUE(is_link_down(there, 7));
        EXPECT_TRUE(set(there, false));
        EXPECT_FALSE(is_link_down(there, 7));
        EXPECT_TRUE(set(there, false)) << "as it is";
        EXPECT_TRUE(set(there, true));
        EXPECT_TRUE(is_link_down(there, 7));
    });
}

TEST_F(Links, OfWhatDom0DoesNotHaveAreUp) {
    in_a_network([&] {
        EXPECT_FALSE(is_link_down(elsewhere, 7));
        EXPECT_TRUE(set(elsewhere, false));
        const auto refused = set(elsewhere, true);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, Reason::no_device);
        EXPECT_THAT(refused.error().message, HasSubstr("no interface 'vif7.3'"));
    });
}

TEST_F(Links, AreAllSetOrNone) {
    in_a_network([&] {
        auto missing = elsewhere;
        auto up = there;
        missing.link_down = true;
        up.link_down = false;
        const Nic both[] = {up, missing};
        EXPECT_FALSE(set_links(7, GuestType::pv, both, folder.path()));
        EXPECT_TRUE(is_link_down(there, 7));
    });
}

TEST_F(Links, OfCardsThatAreEmulatedElsewhereAreRefused) {
    in_a_network([&] {
        auto emulated = there;
        emulated.model = "e1000";
        const auto refused = set(emulated, false, GuestType::hvm);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, Reason::unsupported_operation);
        EXPECT_THAT(refused.error().message, HasSubstr("'lo-emu' of its emulated card"));
        EXPECT_TRUE(is_link_down(there, 7));
    });
}

/// 'lo' gets a twin: a bridge of that name.
void make_twin() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM, 0));
    ASSERT_EQ(::ioctl(socket.get(), SIOCBRADDBR, "lo-emu"), 0);
}

TEST_F(Links, OfEmulatedCardsAreToldToTheDeviceModel) {
    in_a_network([&] {
        make_twin();
        auto emulated = there;
        emulated.devid = 2;
        emulated.model = "e1000";
        std::vector<std::string> commands;
        {
            const DeviceModel model(folder.path() / "qmp-libxenstat-7", {yes, yes});
            const auto done = set(emulated, false, GuestType::hvm);
            EXPECT_TRUE(done) << done.error().message;
            EXPECT_TRUE(set(emulated, false, GuestType::hvm)) << "nobody is asked for what is so";
            commands = model.commands;
        }
        EXPECT_THAT(commands, ElementsAre(HasSubstr("qmp_capabilities"),
                                          HasSubstr(R"("set_link","arguments":{"name":"net2","up":true})")));
        EXPECT_FALSE(is_link_down(there, 7));
        EXPECT_FALSE(is_link_down({.target = "lo-emu"}, 7));
    });
}

TEST_F(Links, StayAsTheyAreIfTheDeviceModelRefuses) {
    in_a_network([&] {
        make_twin();
        auto emulated = there;
        emulated.model = "e1000";
        const DeviceModel model(folder.path() / "qmp-libxenstat-7", {yes, R"({"error": {"desc": "no"}})"});
        EXPECT_EQ(set(emulated, false, GuestType::hvm).error().message,
                  "its device model refuses 'set_link': no");
        EXPECT_TRUE(is_link_down(there, 7));
    });
}

}  // namespace
}  // namespace virtlight::xenlight
