// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/node_device_watch.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "libvirt/conversation.hpp"
#include "libvirt/event_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int32_t register_any = 374;
constexpr std::int32_t deregister_any = 375;

class NodeDeviceWatchTest : public testing::Test {
 protected:
    using What = NodeDeviceEvent::What;

    NodeDeviceWatchTest() { talk.caller.node_devices = &watch; }

    Result<std::int32_t> begin() {
        return talk.call<std::int32_t>(register_any, RegisterArgs<std::string>{});
    }
    /// Somebody plugs it in; nobody is told.
    void plug(unsigned device) {
        talk.xen.others.push_back({"/sys/devices/usb1/1-" + std::to_string(device), "usb",
                                   hypervisor::HostUsbDevice{1, device, {0x951, 0x1666}}});
    }
    /// That some devices have changed, and the time that it takes until that is told.
    void change() {
        talk.xen.host_devices_again();
        pass(limits::device_change_pause);
    }
    void pass(Duration duration) { talk.loop.run_for(duration + milliseconds(1)); }
    std::size_t looks() const { return talk.xen.count("host_devices"); }

    bool wanted = true;
    std::vector<NodeDeviceEvent> told;
    Conversation talk;
    NodeDeviceWatch watch{talk.loop, *talk.manager,
                          [this](const NodeDeviceEvent& event) { told.push_back(event); },
                          [this] { return wanted; }};
};

TEST_F(NodeDeviceWatchTest, TellsWhatComesChangesAndGoes) {
    plug(1);
    ASSERT_TRUE(begin());
    plug(2);
    change();
    EXPECT_THAT(told, ElementsAre(NodeDeviceEvent{"usb_1_2", What::created}));
    talk.xen.others.front().driver = "usbback";
    change();
    talk.xen.others.clear();
    change();
    EXPECT_THAT(
        told,
        ElementsAre(NodeDeviceEvent{"usb_1_2", What::created}, NodeDeviceEvent{"usb_1_1", What::changed},
                    NodeDeviceEvent{"usb_1_2", What::deleted}, NodeDeviceEvent{"usb_1_1", What::deleted}));
}

TEST_F(NodeDeviceWatchTest, LooksOnceForAllThatComesTogether) {
    ASSERT_TRUE(begin());
    EXPECT_EQ(looks(), 1);
    for (unsigned device = 1; device <= 3; ++device) {
        plug(device);
        talk.xen.host_devices_again();
        talk.loop.run_for(Duration(limits::device_change_pause) / 4);
    }
    EXPECT_THAT(told, IsEmpty());
    pass(limits::device_change_pause);
    EXPECT_EQ(told.size(), 3);
    EXPECT_EQ(looks(), 2);
}

TEST_F(NodeDeviceWatchTest, LooksAgainForWhatChangesDuringALook) {
    ASSERT_TRUE(begin());
    talk.xen.hold("host_devices");
    change();
    EXPECT_EQ(looks(), 2);
    talk.xen.host_devices_again();
    pass(10 * limits::device_change_pause);
    EXPECT_EQ(looks(), 2) << "one at a time";
    talk.xen.release("host_devices");
    pass(limits::device_change_pause);
    EXPECT_EQ(looks(), 3);
}

TEST_F(NodeDeviceWatchTest, RestsWhenNobodyWantsToKnowAnyMore) {
    EXPECT_FALSE(talk.xen.host_devices_again) << "nobody has asked";
    ASSERT_TRUE(begin());
    wanted = false;
    change();
    EXPECT_FALSE(talk.xen.host_devices_again);
    EXPECT_EQ(looks(), 1);
    wanted = true;
    plug(1);
    ASSERT_TRUE(begin());
    plug(2);
    change();
    EXPECT_THAT(told, ElementsAre(NodeDeviceEvent{"usb_1_2", What::created}))
        << "and what came meanwhile is there for who lists them";
}

TEST_F(NodeDeviceWatchTest, LooksAgainLaterWhereThatFails) {
    const Error slow{Reason::timed_out, "sysfs does not answer"};
    talk.xen.fail_next("host_devices", slow);
    ASSERT_TRUE(begin()) << "a client need not come again";
    pass(limits::device_look_retry);
    talk.xen.fail_next("host_devices", slow);
    plug(1);
    change();
    EXPECT_THAT(told, IsEmpty());
    pass(limits::device_look_retry);
    EXPECT_THAT(told, ElementsAre(NodeDeviceEvent{"usb_1_1", What::created}));
}

TEST_F(NodeDeviceWatchTest, LetsThoseWhoWaitGoOnWhenItStops) {
    async::Scope scope;
    talk.xen.hold("host_devices");
    scope.spawn(watch.begin());
    scope.spawn(watch.begin());
    EXPECT_EQ(scope.in_flight(), 2);
    EXPECT_EQ(looks(), 1);
    watch.stop();
    EXPECT_EQ(scope.in_flight(), 0);
    EXPECT_FALSE(talk.xen.host_devices_again);
    talk.xen.release("host_devices");
}

TEST_F(NodeDeviceWatchTest, IsForThoseWhoAreRegistered) {
    const auto all = begin();
    ASSERT_TRUE(all);
    EXPECT_TRUE(talk.caller.subscriptions.want_devices());
    EXPECT_TRUE(talk.call<void>(deregister_any, *all));
    EXPECT_FALSE(talk.caller.subscriptions.want_devices());
    const RegisterArgs<std::string> unknown{.event = 2, .object = std::nullopt};
    EXPECT_EQ(talk.call<std::int32_t>(register_any, unknown).error().reason, Reason::internal);
    EXPECT_FALSE(talk.caller.subscriptions.want_devices());
}

}  // namespace
}  // namespace virtlight::libvirt
