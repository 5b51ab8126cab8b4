// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/subscriptions.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "libvirt/event_messages.hpp"

namespace virtlight::libvirt {
namespace {

constexpr std::int32_t lifecycle = 0;
constexpr std::int32_t reboot = 1;
constexpr std::int32_t balloon_change = 13;

const Uuid ours{.bytes = {1}};
const Uuid other{.bytes = {2}};

domain::Event started(const Uuid& uuid) {
    return {.name = "pv", .uuid = uuid, .domid = 5, .kind = domain::Lifecycle(domain::Started::booted)};
}

domain::Event rebooted() {
    return {.name = "pv", .uuid = ours, .domid = 5, .kind = domain::Rebooted()};
}

TEST(Subscriptions, TellOfLifecycleEventsInBothStyles) {
    Subscriptions subscriptions;
    const auto id = *subscriptions.add(lifecycle, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(lifecycle));
    const LifecycleMessage body{.dom = {.name = "pv", .uuid = ours, .id = 5}, .event = 2, .detail = 0};
    EXPECT_EQ(subscriptions.messages(started(ours)),
              (std::vector<EventMessage>{{318, *encode(CallbackMessage{id, body})}, {107, *encode(body)}}));
}

TEST(Subscriptions, TellOfRebootsInBothStyles) {
    Subscriptions subscriptions;
    const auto id = *subscriptions.add(reboot, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(reboot));
    const Domain body{.name = "pv", .uuid = ours, .id = 5};
    EXPECT_EQ(subscriptions.messages(rebooted()),
              (std::vector<EventMessage>{{319, *encode(CallbackMessage{id, body})}, {169, *encode(body)}}));
}

TEST(Subscriptions, TellWhatBecameOfAJob) {
    Subscriptions subscriptions;
    constexpr std::int32_t job_completed = 21;
    const auto id = *subscriptions.add(job_completed, std::nullopt);
    EXPECT_FALSE(subscriptions.add_legacy(job_completed)) << "it came when the older style was past";
    const domain::JobReport job{.state = domain::JobReport::State::failed,
                                .operation = domain::JobReport::Operation::save,
                                .elapsed = milliseconds(1500),
                                .bytes = 10,
                                .bytes_all = 100,
                                .problem = "the disk is full"};
    const domain::Event event{.name = "pv", .uuid = ours, .domid = 5, .kind = domain::JobEnded{job}};
    const auto messages = subscriptions.messages(event);
    ASSERT_EQ(messages.size(), 1);
    EXPECT_EQ(messages[0].procedure, 363);
    const auto told = decode<CallbackMessage<JobMessage>>(messages[0].payload);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->callback_id, id);
    const auto value_of = [&](std::string_view field) {
        return std::ranges::find(told->event.params, field, &TypedParam::field)->value;
    };
    EXPECT_EQ(value_of("operation"), TypedParam::Value(2));
    EXPECT_EQ(value_of("time_elapsed"), TypedParam::Value(std::uint64_t{1500}));
    EXPECT_EQ(value_of("success"), TypedParam::Value(false));
    EXPECT_EQ(value_of("errmsg"), TypedParam::Value(std::string("the disk is full")));
    EXPECT_EQ(value_of("data_remaining"), TypedParam::Value(std::uint64_t{90}));
}

TEST(Subscriptions, TellOfMemoryInBothStyles) {
    Subscriptions subscriptions;
    const auto id = *subscriptions.add(balloon_change, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(balloon_change));
    const domain::Event changed{
        .name = "pv", .uuid = ours, .domid = 5, .kind = domain::MemoryChanged{.memory_kib = 4096}};
    const BalloonMessage body{.dom = {.name = "pv", .uuid = ours, .id = 5}, .memory_kib = 4096};
    EXPECT_EQ(subscriptions.messages(changed),
              (std::vector<EventMessage>{{331, *encode(CallbackMessage{id, body})}, {276, *encode(body)}}));
}

TEST(Subscriptions, TellOfAWatchdogInBothStyles) {
    Subscriptions subscriptions;
    constexpr std::int32_t watchdog = 3;
    const auto id = *subscriptions.add(watchdog, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(watchdog));
    const domain::Event fired{.name = "pv",
                              .uuid = ours,
                              .domid = 5,
                              .kind = domain::WatchdogFired{domain::WatchdogAction::poweroff}};
    const WatchdogMessage body{.dom = {.name = "pv", .uuid = ours, .id = 5}, .action = 3};
    EXPECT_EQ(subscriptions.messages(fired),
              (std::vector<EventMessage>{{321, *encode(CallbackMessage{id, body})}, {171, *encode(body)}}));
}

TEST(Subscriptions, TellOfADeviceModelThatHasEndedInBothStyles) {
    Subscriptions subscriptions;
    constexpr std::int32_t control_error = 7;
    const auto id = *subscriptions.add(control_error, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(control_error));
    const Domain body{.name = "pv", .uuid = ours, .id = 5};
    EXPECT_EQ(subscriptions.messages({.name = "pv", .uuid = ours, .domid = 5, .kind = domain::ModelEnded{}}),
              (std::vector<EventMessage>{{325, *encode(CallbackMessage{id, body})}, {224, *encode(body)}}));
}

TEST(Subscriptions, TellOfDevicesThatComeAndGo) {
    Subscriptions subscriptions;
    const auto added = *subscriptions.add(19, std::nullopt);
    const auto removed = *subscriptions.add(15, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(15));
    const auto kept = *subscriptions.add(22, std::nullopt);
    const auto told = [&](domain::EventKind kind) {
        return subscriptions.messages({.name = "pv", .uuid = ours, .domid = 5, .kind = std::move(kind)});
    };
    const DeviceMessage body{.dom = {.name = "pv", .uuid = ours, .id = 5}, .alias = "xen-disk1"};
    EXPECT_EQ(told(domain::DeviceAdded{"xen-disk1"}),
              (std::vector<EventMessage>{{354, *encode(CallbackMessage{added, body})}}));
    EXPECT_EQ(
        told(domain::DeviceRemoved{"xen-disk1"}),
        (std::vector<EventMessage>{{333, *encode(CallbackMessage{removed, body})}, {311, *encode(body)}}));
    EXPECT_EQ(told(domain::DeviceRemovalFailed{"xen-disk1"}),
              (std::vector<EventMessage>{{367, *encode(CallbackMessage{kept, body})}}));
}

TEST(Subscriptions, TellOfTheMediumInACdDrive) {
    Subscriptions subscriptions;
    const auto id = *subscriptions.add(10, std::nullopt);
    ASSERT_TRUE(subscriptions.add_legacy(10));
    const auto told = [&](bool there) {
        return subscriptions.messages(
            {.name = "pv", .uuid = ours, .domid = 5, .kind = domain::MediumChanged{"ide-disk2", there}});
    };
    const auto messages = [&](std::int32_t reason) {
        const TrayMessage body{{.name = "pv", .uuid = ours, .id = 5}, "ide-disk2", reason};
        return std::vector<EventMessage>{{328, *encode(CallbackMessage{id, body})}, {268, *encode(body)}};
    };
    EXPECT_EQ(told(false), messages(0)) << "the tray is open";
    EXPECT_EQ(told(true), messages(1));
}

TEST(Subscriptions, TellOfMetadataThatWasChanged) {
    Subscriptions subscriptions;
    const auto id = *subscriptions.add(23, std::nullopt);
    const auto told = [&](domain::MetadataChanged changed) {
        return subscriptions.messages({.name = "pv", .uuid = ours, .domid = 5, .kind = std::move(changed)});
    };
    const auto message = [&](std::int32_t type, std::optional<std::string> uri) {
        const MetadataMessage body{{.name = "pv", .uuid = ours, .id = 5}, type, std::move(uri)};
        return std::vector<EventMessage>{{379, *encode(CallbackMessage{id, body})}};
    };
    EXPECT_EQ(told({domain::MetadataKind::title, ""}), message(1, std::nullopt));
    EXPECT_EQ(told({domain::MetadataKind::element, "urn:a"}), message(2, "urn:a"));
}

TEST(Subscriptions, TellOnlyOfWhatWasRegisteredFor) {
    Subscriptions subscriptions;
    ASSERT_TRUE(subscriptions.add(lifecycle, std::nullopt));
    ASSERT_TRUE(subscriptions.add(13, std::nullopt));
    ASSERT_TRUE(subscriptions.add(Served::networks, lifecycle, std::nullopt));
    EXPECT_EQ(subscriptions.messages(started(ours)).size(), 1);
    EXPECT_TRUE(subscriptions.messages(rebooted()).empty());
}

TEST(Subscriptions, TellOfWhatLibvirtsDaemonsTellWithTheirOwnIds) {
    Subscriptions subscriptions;
    ASSERT_TRUE(subscriptions.add(lifecycle, std::nullopt));
    ASSERT_TRUE(subscriptions.add(Served::storage, lifecycle, std::nullopt));
    ASSERT_TRUE(subscriptions.add(Served::networks, 1, std::nullopt));
    ASSERT_TRUE(subscriptions.add(Served::networks, lifecycle, other));
    const auto all = *subscriptions.add(Served::networks, lifecycle, std::nullopt);
    const auto one = *subscriptions.add(Served::networks, lifecycle, ours);
    const ObjectEvent event{
        .of = Served::networks, .event = lifecycle, .object = ours, .procedure = 315, .body = {1, 2, 3, 4}};
    const auto message = [](std::int32_t id) {
        return EventMessage{315, {0, 0, 0, static_cast<std::uint8_t>(id), 1, 2, 3, 4}};
    };
    EXPECT_EQ(subscriptions.messages(event), (std::vector<EventMessage>{message(all), message(one)}));
    ASSERT_TRUE(subscriptions.remove(all));
    EXPECT_EQ(subscriptions.messages(event), std::vector<EventMessage>{message(one)});
}

TEST(Subscriptions, TellOfDevicesOfTheHost) {
    using What = NodeDeviceEvent::What;
    constexpr std::int32_t update = 1;
    Subscriptions subscriptions;
    ASSERT_TRUE(subscriptions.add(lifecycle, std::nullopt));
    EXPECT_FALSE(subscriptions.want_devices());
    const auto all = *subscriptions.add_for_devices(lifecycle, std::nullopt);
    const auto one = *subscriptions.add_for_devices(lifecycle, "net_lo");
    ASSERT_TRUE(subscriptions.add_for_devices(lifecycle, "net_eth0"));
    const auto changes = *subscriptions.add_for_devices(update, std::nullopt);
    const auto message = [](std::int32_t id, std::int32_t what) {
        return EventMessage{376, *encode(CallbackMessage{id, NodeDeviceMessage{"net_lo", what, 0}})};
    };
    EXPECT_EQ(subscriptions.messages(NodeDeviceEvent{"net_lo", What::created}),
              (std::vector<EventMessage>{message(all, 0), message(one, 0)}));
    EXPECT_EQ(subscriptions.messages(NodeDeviceEvent{"net_lo", What::changed}),
              (std::vector<EventMessage>{{377, *encode(CallbackMessage{changes, std::string("net_lo")})}}));
    ASSERT_TRUE(subscriptions.remove(all));
    EXPECT_EQ(subscriptions.remove(all).error().reason, Reason::invalid_argument);
    EXPECT_EQ(subscriptions.messages(NodeDeviceEvent{"net_lo", What::deleted}),
              (std::vector<EventMessage>{message(one, 1)}));
    EXPECT_TRUE(subscriptions.want_devices());
}

TEST(Subscriptions, TakeEveryEventOfDevicesThatLibvirtHasAndNoOther) {
    Subscriptions subscriptions;
    EXPECT_EQ(subscriptions.add_for_devices(2, std::nullopt).error().reason, Reason::internal);
    EXPECT_EQ(subscriptions.add_for_devices(-1, std::nullopt).error().reason, Reason::internal);
    const std::string endless(limits::node_device_name + 1, 'x');
    EXPECT_EQ(subscriptions.add_for_devices(lifecycle, endless).error().reason, Reason::no_node_device);
    EXPECT_FALSE(subscriptions.want_devices());
}

TEST(Subscriptions, TakeEveryEventOfObjectsThatLibvirtHasAndNoOther) {
    Subscriptions subscriptions;
    EXPECT_TRUE(subscriptions.add(Served::secrets, 1, std::nullopt));
    EXPECT_EQ(subscriptions.add(Served::secrets, 2, std::nullopt).error().reason, Reason::internal);
    EXPECT_EQ(subscriptions.add(Served::secrets, -1, std::nullopt).error().reason, Reason::internal);
}

TEST(Subscriptions, OfOneDomainTellNothingOfOthers) {
    Subscriptions subscriptions;
    ASSERT_TRUE(subscriptions.add(lifecycle, ours));
    EXPECT_EQ(subscriptions.messages(started(ours)).size(), 1);
    EXPECT_TRUE(subscriptions.messages(started(other)).empty());
}

TEST(Subscriptions, EndWhenTheyAreTakenBack) {
    Subscriptions subscriptions;
    const auto first = *subscriptions.add(lifecycle, std::nullopt);
    const auto second = *subscriptions.add(lifecycle, std::nullopt);
    EXPECT_NE(first, second);
    ASSERT_TRUE(subscriptions.add_legacy(lifecycle));
    EXPECT_TRUE(subscriptions.remove(first));
    EXPECT_EQ(subscriptions.remove(first).error().reason, Reason::invalid_argument);
    EXPECT_TRUE(subscriptions.remove_legacy(lifecycle));
    EXPECT_FALSE(subscriptions.remove_legacy(lifecycle));
    const auto left = subscriptions.messages(started(ours));
    ASSERT_EQ(left.size(), 1);
    EXPECT_EQ(decode<CallbackMessage<LifecycleMessage>>(left[0].payload)->callback_id, second);
}

TEST(Subscriptions, TakeEveryEventThatLibvirtHasAndNoOther) {
    Subscriptions subscriptions;
    for (std::int32_t event = 0; event <= 27; ++event)
        EXPECT_TRUE(subscriptions.add(event, std::nullopt)) << event;
    EXPECT_TRUE(subscriptions.add_legacy(15));
    const Error unknown{Reason::internal, "unsupported event ID 28"};  // as libvirt has it
    EXPECT_EQ(subscriptions.add(28, std::nullopt).error(), unknown);
    EXPECT_EQ(subscriptions.add_legacy(28).error(), unknown);
    EXPECT_EQ(subscriptions.add(-1, std::nullopt).error().reason, Reason::internal);
    EXPECT_FALSE(subscriptions.add_legacy(16));
}

TEST(Subscriptions, AreBounded) {
    Subscriptions subscriptions;
    for (std::size_t i = 0; i < limits::subscriptions; ++i)
        ASSERT_TRUE(subscriptions.add(lifecycle, std::nullopt));
    EXPECT_EQ(subscriptions.add(lifecycle, std::nullopt).error().reason, Reason::too_many);
    EXPECT_FALSE(subscriptions.add_legacy(lifecycle));
    EXPECT_EQ(subscriptions.add_for_devices(lifecycle, std::nullopt).error().reason, Reason::too_many);
}

TEST(Subscriptions, OfDevicesAreBoundedWithTheOthers) {
    Subscriptions subscriptions;
    for (std::size_t i = 0; i < limits::subscriptions; ++i)
        ASSERT_TRUE(subscriptions.add_for_devices(lifecycle, std::nullopt));
    EXPECT_EQ(subscriptions.add(lifecycle, std::nullopt).error().reason, Reason::too_many);
}

}  // namespace
}  // namespace virtlight::libvirt
