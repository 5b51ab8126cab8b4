// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::xl_cfg_nics_test {
namespace {

using testing::HasSubstr;
using xl::pv;
using xl::read;
using xl::refused;

TEST(XlCfgNics, AreReadWithXensDefaults) {
    const auto nics = read(pv + "vif = [ '', 'mac=00:16:3e:01:02:03, bridge=br1' ]").nics;
    ASSERT_EQ(nics.size(), 2u);
    EXPECT_EQ(nics[0], (Nic{.mac = nics[0].mac, .devid = 0, .bridge = "xenbr0"}));
    EXPECT_EQ(nics[1], (Nic{.mac = *MacAddress::parse("00:16:3e:01:02:03"), .devid = 1, .bridge = "br1"}));
}

TEST(XlCfgNics, MayHaveMacAddressesWithDashes) {
    EXPECT_EQ(read(pv + "vif = [ 'mac=00-16-3E-01-02-03' ]").nics.at(0).mac,
              *MacAddress::parse("00:16:3e:01:02:03"));
    EXPECT_THAT(refused("vif = [ 'mac=00-16-3e-01-02' ]"),
                HasSubstr("line 4: 'vif': '00-16-3e-01-02' is no MAC address"));
}

TEST(XlCfgNics, OfDomain0AreThoseWithoutABackend) {
    EXPECT_EQ(read(pv + "vif = [ 'mac=00:16:3e:01:02:03,backend=0' ]").nics,
              read(pv + "vif = [ 'mac=00:16:3e:01:02:03' ]").nics);
}

TEST(XlCfgNics, MayHaveAllThatADefinitionHas) {
    const auto nic = read(pv +
                          "type='hvm'\nvif = [ 'mac=00:16:3e:01:02:03,script=vif-route,ip=10.0.0.1 10.0.0.2,"
                          "vifname=web0,backend=net,rate=1024KB/s@50ms,mtu=9000,devid=3,type=vif' ]")
                         .nics.at(0);
    EXPECT_EQ(nic, (Nic{.mac = *MacAddress::parse("00:16:3e:01:02:03"),
                        .devid = 3,
                        .kind = Nic::Kind::ethernet,
                        .script = "vif-route",
                        .addresses = {"10.0.0.1", "10.0.0.2"},
                        .model = "netfront",
                        .target = "web0",
                        .backend_domain = "net",
                        .rate_kib = 1000,
                        .mtu = 9000}));
    const auto port = read(pv + "vif = [ 'script=vif-openvswitch,bridge=ovs0.5:6:7' ]").nics.at(0);
    EXPECT_EQ(port.bridge, "ovs0");
    EXPECT_EQ(port.openvswitch, (OpenVswitch{.tag = 5, .trunk = {6, 7}}));
}

TEST(XlCfgNics, OfNetworksOfLibvirtsAreRefusedByName) {
    auto definition = read(pv + "vif = [ 'mac=00:16:3e:01:02:03,bridge=br1' ]");
    EXPECT_TRUE(check_xl_cfg(definition));
    auto& nic = definition.nics.at(0);
    nic.kind = Nic::Kind::network;
    nic.network = "default";
    nic.bridge.clear();
    const auto refused = check_xl_cfg(definition);
    ASSERT_FALSE(refused) << "its guest would be on xenbr0";
    EXPECT_EQ(refused.error().reason, Reason::unsupported_config);
    EXPECT_THAT(refused.error().message,
                HasSubstr("network interface 00:16:3e:01:02:03 is on network 'default', and xl knows no "
                          "networks of libvirt's: name its bridge"));
}

TEST(XlCfgNics, MayHaveNetworksRoutedToThem) {
    const auto routed = [](const std::string& ip) {
        return pv + "vif = [ 'script=vif-route,ip=" + ip + "' ]";
    };
    const auto nic = read(routed("10.0.0.1 10.0.0.8/29 2001:db8::/64")).nics.at(0);
    EXPECT_EQ(nic.addresses, (std::vector<std::string>{"10.0.0.1", "10.0.0.8/29", "2001:db8::/64"}));
    EXPECT_THAT(xl::refusal(routed("10.0.0.1/29")),
                HasSubstr("'10.0.0.1/29' is no IP address, and no network"));
}

TEST(XlCfgNics, HaveRatesInBytesOrBits) {
    const auto rate = [](const std::string& words) {
        return read(pv + "vif = [ 'bridge=b,rate=" + words + "' ]").nics.at(0).rate_kib;
    };
    EXPECT_EQ(rate("10Mb/s"), 1221u);
    EXPECT_EQ(rate("250KB/s"), 245u);
    EXPECT_EQ(rate("1GB/s"), 976563u);
    EXPECT_EQ(rate("4096B/s"), 4u);
    EXPECT_EQ(rate("8192b/s@50ms"), 1u);
    EXPECT_EQ(rate("8192b/s@50000us"), 1u);
}

TEST(XlCfgNics, ThatCannotBeAreRefusedWithTheirLine) {
    const auto nic = [](const std::string& spec) { return refused("vif = [ '" + spec + "' ]"); };
    EXPECT_THAT(nic("mac=x"), HasSubstr("line 4: 'vif': 'x' is no MAC address"));
    EXPECT_THAT(nic("gatewaydev=eth0"),
                HasSubstr("'gatewaydev=eth0' of a network interface is not supported"));
    EXPECT_THAT(nic("type=fast"), HasSubstr("'type=fast'"));
    EXPECT_THAT(nic("mtu=big"), HasSubstr("'mtu' of a network interface is no number: 'big'"));
    EXPECT_THAT(nic("devid=128"), HasSubstr("'devid' of a network interface must be below 128, not 128"));
    EXPECT_EQ(nic("devid=127"), "ok");
    for (const auto* rate : {"10", "0B/s", "10Mb", "-1B/s", "99999999999GB/s", "x/s"})
        EXPECT_THAT(nic(std::string("rate=") + rate), HasSubstr("is no rate")) << rate;
    EXPECT_THAT(nic("model=e1000"), HasSubstr("only model 'netfront'"));
    EXPECT_THAT(nic("bridge=a,bridge=b"), HasSubstr("'bridge' is said twice"));
    EXPECT_THAT(nic("trusted=0"), HasSubstr("'trusted=0' of a network interface is not supported"));
}

TEST(XlCfgNics, AreNotWithoutWhatTheyWereToHave) {
    const auto nic = [](const std::string& spec, const std::string& type = "pv") {
        return refused("type = '" + type + "'; vif = [ '" + spec + "' ]");
    };
    for (const auto* interval : {"20ms", "1s", "banana", "50", "-1ms", ""})
        EXPECT_THAT(nic(std::string("rate=10Mb/s@") + interval),
                    HasSubstr("line 4: 'vif': the interval of a rate can be 50ms"))
            << interval;
    for (const auto* bridge : {"ovs0:10-20", "ovs0.10x", "ovs0.", "ovs0.1:x", "ovs0:4095", "ovs0.0"})
        EXPECT_THAT(
            nic(std::string("script=vif-openvswitch,bridge=") + bridge),
            HasSubstr(std::string("the VLANs of bridge '") + bridge + "' must be numbers from 1 to 4094"))
            << bridge;
    EXPECT_THAT(nic("type=vif,model=e1000", "hvm"),
                HasSubstr("'type=vif' of a network interface has no model"));
    EXPECT_THAT(nic("type=ioemu,model=netfront", "hvm"), HasSubstr("'type=ioemu' is of an HVM guest's"));
    EXPECT_THAT(nic("type=ioemu"), HasSubstr("'type=ioemu' is of an HVM guest's"));
    EXPECT_EQ(nic("type=ioemu,model=e1000", "hvm"), "ok");
    EXPECT_EQ(nic("type=vif,model=netfront", "hvm"), "ok");
}

}  // namespace
}  // namespace virtlight::domain::xl_cfg_nics_test
