// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/nics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_nics.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using domain::GuestType;
using domain::Nic;
using testing::ElementsAre;
using testing::Field;

std::vector<Nic> after_a_round_trip(GuestType type, std::vector<Nic> nics) {
    DomainConfig config;
    write_nics({.type = type, .nics = std::move(nics)}, *config);
    return read_nics(*config, type);
}

Nic on_bridge(Nic nic, std::string bridge) {
    nic.kind = Nic::Kind::bridge;
    nic.network.clear();
    nic.bridge = std::move(bridge);
    return nic;
}

RC_GTEST_PROP(Nics, ComeBackFromLibxlsWordsAsTheyWere, ()) {
    const auto type = *rc::gen::element(GuestType::pv, GuestType::pvh, GuestType::hvm);
    auto nics = domain::arbitrary::nics(type);
    for (auto& nic : nics) {
        nic.link_down = false;  // libxl has no word for it
        if (nic.kind == Nic::Kind::network) nic = on_bridge(nic, "virbr0");
    }
    RC_ASSERT(after_a_round_trip(type, nics) == nics);
}

TEST(Nics, OfDomain0AreThoseWithoutABackend) {
    const Nic nic{.bridge = "xenbr0"};
    for (const auto* const name : {"0", "Domain-0"}) {
        auto named = nic;
        named.backend_domain = name;
        EXPECT_THAT(after_a_round_trip(GuestType::pv, {named}), ElementsAre(nic));
    }
}

TEST(Nics, OfANetworkAreOnTheBridgeThatWasFoundForIt) {
    const Nic nic{.kind = Nic::Kind::network, .network = "default", .bridge = "virbr0"};
    EXPECT_THAT(after_a_round_trip(GuestType::pv, {nic}), ElementsAre(on_bridge(nic, "virbr0")));
    auto port = nic;
    port.openvswitch = domain::OpenVswitch{.tag = 7};
    EXPECT_THAT(after_a_round_trip(GuestType::pv, {port}), ElementsAre(on_bridge(port, "virbr0")));
}

RC_GTEST_PROP(Nics, KeepEveryRate, ()) {
    const auto rate = *rc::gen::arbitrary<unsigned>();
    const Nic nic{.bridge = "xenbr0", .rate_kib = rate};
    RC_ASSERT(after_a_round_trip(GuestType::pv, {nic}).at(0).rate_kib == rate);
    RC_ASSERT(rate_in(rate_words(nic)) == rate);
}

TEST(Nics, HaveNoBoundWhereNoneIsUnderstood) {
    for (const auto* const words : {"", "5", ",", "1000,0", "1000,50000,", "-1,50000", "a,b"})
        EXPECT_EQ(rate_in(words), 0U) << words;
    EXPECT_EQ(rate_in("51200,50000"), 1000U);
}

/// As xl writes it down, where one `change` was made to what libxl starts from.
std::vector<Nic> seen(GuestType type, const std::function<void(libxl_device_nic&)>& change) {
    DomainConfig config;
    config->nics = allocate<libxl_device_nic>(2);
    config->num_nics = 2;
    for (auto* nic : {&config->nics[0], &config->nics[1]})
        libxl_device_nic_init(nic);
    change(config->nics[1]);
    return read_nics(*config, type);
}

TEST(Nics, OfXlAreWhatLibxlMakesOfThem) {
    const auto untouched = [](auto&) {};
    EXPECT_THAT(seen(GuestType::pv, untouched),
                ElementsAre(Nic{.devid = 0, .bridge = "xenbr0"}, Nic{.devid = 1, .bridge = "xenbr0"}));
    EXPECT_EQ(seen(GuestType::pv, [](auto& nic) { nic.script = ::strdup("/etc/xen/scripts/vif-route"); })[1],
              (Nic{.devid = 1, .kind = Nic::Kind::ethernet, .script = "/etc/xen/scripts/vif-route"}));
    EXPECT_EQ(
        seen(GuestType::pv,
             [](auto& nic) {
                 nic.script = ::strdup("/etc/xen/scripts/vif-openvswitch");
                 nic.bridge = ::strdup("ovs.7:8:9");
             })[1],
        (Nic{.devid = 1, .bridge = "ovs", .openvswitch = domain::OpenVswitch{.tag = 7, .trunk = {8, 9}}}));
    EXPECT_EQ(seen(GuestType::hvm, [](auto& nic) { nic.nictype = LIBXL_NIC_TYPE_VIF; })[1].model, "netfront");
    EXPECT_EQ(
        seen(GuestType::hvm, [](auto& nic) { nic.ip = ::strdup("  10.0.0.1  10.0.0.2 "); })[1].addresses,
        (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
}

TEST(Nics, OfXlWithOneDevidGivenGetOthersBesideIt) {
    EXPECT_THAT(seen(GuestType::pv, [](auto& nic) { nic.devid = 5; }),
                ElementsAre(Field(&Nic::devid, 0), Field(&Nic::devid, 5)));
}

}  // namespace
}  // namespace virtlight::xenlight
