// SPDX-License-Identifier: LGPL-2.1-or-later
// Network interfaces that come to a guest, go from it and change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/device.hpp"

namespace virtlight::domain::device_nics_test {
namespace {

using testing::HasSubstr;

Nic nic(std::uint8_t last, unsigned devid) {
    return {.mac = {{0x00, 0x16, 0x3e, 0, 0, last}}, .devid = devid, .bridge = "xenbr0"};
}

Definition guest(GuestType type, std::vector<Nic> nics) {
    return {.type = type, .nics = std::move(nics)};
}

std::string refusal(const auto& result) {
    return result ? "none" : result.error().message;
}

TEST(NicDevice, IsReadFromItsElementAlone) {
    const auto device = parse_device(
        "<interface type='bridge'><mac address='00:16:3e:00:00:01'/><source bridge='xenbr0'/></interface>");
    ASSERT_TRUE(device) << device.error().message;
    EXPECT_EQ(std::get<Nic>(*device), nic(1, 0));
    EXPECT_EQ(name_of(*device), "network interface 00:16:3e:00:00:01");
    EXPECT_EQ(alias_of(Device(nic(1, 3))), "net3");
}

TEST(NicDevice, GetsTheLowestNumberThatIsFree) {
    auto definition = guest(GuestType::pv, {nic(1, 0), nic(2, 2)});
    ASSERT_TRUE(add_device(definition, nic(3, 0)));
    EXPECT_EQ(definition.nics.back(), nic(3, 1));
    EXPECT_EQ(std::get<Nic>(*placed(definition, nic(4, 0))).devid, 3U);
    EXPECT_THAT(refusal(add_device(definition, nic(3, 0))), HasSubstr("same MAC address"));
}

TEST(NicDevice, OfARunningHvmGuestIsAVifAlone) {
    const auto running = guest(GuestType::hvm, {nic(1, 0)});
    EXPECT_EQ(std::get<Nic>(*placed(running, nic(2, 0))).model, paravirtual_nic);
    auto emulated = nic(2, 0);
    emulated.model = "e1000";
    const auto refused = placed(running, emulated);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::unsupported_operation);
    EXPECT_THAT(refused.error().message, HasSubstr("emulated as 'e1000'"));
    EXPECT_EQ(refusal(check_live_unplug(running, nic(1, 0))), "none");
}

TEST(NicDevice, IsKnownByItsMacAndByItsAlias) {
    auto definition = guest(GuestType::pv, {nic(1, 0), nic(2, 2)});
    EXPECT_EQ(*find_device(definition, Device(nic(2, 0))), Device(nic(2, 2)));
    EXPECT_EQ(*find_device(definition, "net2"), Device(nic(2, 2)));
    EXPECT_EQ(find_device(definition, "net1").error().reason, Reason::no_device);
    EXPECT_EQ(find_device(definition, Device(nic(9, 0))).error().reason, Reason::no_device);
    ASSERT_TRUE(remove_device(definition, nic(1, 7)));
    EXPECT_EQ(definition.nics, std::vector{nic(2, 2)});
}

TEST(NicDevice, IsReplacedWhereItIs) {
    auto definition = guest(GuestType::pv, {nic(1, 1), nic(2, 0)});
    auto other = nic(1, 0);
    other.bridge = "xenbr1";
    ASSERT_TRUE(replace_device(definition, other));
    other.devid = 1;
    EXPECT_EQ(definition.nics, (std::vector{other, nic(2, 0)}));
    other.bridge = "";
    EXPECT_FALSE(replace_device(definition, other)) << "what is wrong is refused";
    EXPECT_EQ(definition.nics.size(), 2U);
}

TEST(NicDevice, OfANetworkKeepsItsBridgeWhileItsGuestRuns) {
    auto now = nic(1, 3);
    now.kind = Nic::Kind::network;
    now.network = "default";
    now.bridge = "virbr0";
    auto running = guest(GuestType::pv, {now});
    auto wanted = now;
    wanted.bridge.clear();
    wanted.rate_kib = 1000;
    EXPECT_EQ(refusal(check_live_change(running, wanted)), "none");
    ASSERT_TRUE(replace_device(running, wanted));
    EXPECT_EQ(running.nics.at(0).bridge, "virbr0");
    EXPECT_EQ(running.nics.at(0).rate_kib, 1000U);
    wanted.network = "isolated";
    EXPECT_THAT(refusal(check_live_change(running, wanted)),
                HasSubstr("only the bandwidth and the link can be changed"));
    ASSERT_TRUE(replace_device(running, wanted)) << "as in the definition, for the next start";
    EXPECT_EQ(running.nics.at(0).bridge, "");
}

TEST(NicDevice, OfANetworkGetsTheBridgeThatItHadOnlyOnTheSameNetwork) {
    auto had = nic(1, 0);
    had.kind = Nic::Kind::network;
    had.network = "default";
    had.bridge = "virbr0";
    auto same = had;
    same.bridge.clear();
    auto other = same;
    other.network = "isolated";
    const auto bridge = [&](const Nic& next) { return with_bridges_of({had}, {next}).at(0).bridge; };
    EXPECT_EQ(bridge(same), "virbr0");
    EXPECT_EQ(bridge(other), "");
    EXPECT_EQ(bridge(nic(1, 0)), "xenbr0");
    same.mac = nic(2, 0).mac;
    EXPECT_EQ(bridge(same), "");
    EXPECT_EQ(without_found_bridges({had, nic(2, 1)}).at(0).bridge, "");
    EXPECT_EQ(without_found_bridges({had, nic(2, 1)}).at(1).bridge, "xenbr0");
}

TEST(NicDevice, CanHaveAnotherRateAndLinkWhileTheGuestRunsAndNothingElse) {
    const auto running = guest(GuestType::hvm, {nic(1, 3)});
    auto wanted = nic(1, 0);
    wanted.rate_kib = 1000;
    wanted.link_down = true;
    EXPECT_EQ(refusal(check_live_change(running, wanted)), "none");
    wanted.bridge = "xenbr1";
    EXPECT_THAT(refusal(check_live_change(running, wanted)),
                HasSubstr("only the bandwidth and the link can be changed"));
}

}  // namespace
}  // namespace virtlight::domain::device_nics_test
