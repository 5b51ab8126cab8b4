// SPDX-License-Identifier: LGPL-2.1-or-later
// What <interface> is read into, and what it is refused for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/sample.hpp"

namespace virtlight::domain::xml_nics_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

constexpr std::string_view mac = "<mac address='00:16:3e:00:00:01'/>";
constexpr std::string_view bridge = "<source bridge='xenbr0'/>";

std::string interface(std::string_view inside, std::string_view type = "bridge") {
    return fmt::format("<interface type='{}'>{}</interface>", type, inside);
}

std::string bridged(std::string_view more) {
    return interface(fmt::format("{}{}{}", mac, bridge, more));
}

std::vector<Nic> read(std::string devices, std::string os = Sample{}.os) {
    return definition_of({.os = std::move(os), .devices = std::move(devices)}).nics;
}

std::string refusal(std::string devices, std::string os = Sample{}.os) {
    return verdict(Sample{.os = std::move(os), .devices = std::move(devices)}.xml());
}

const MacAddress first_mac{{0x00, 0x16, 0x3e, 0, 0, 1}};

TEST(DomainXmlNics, NeedLittle) {
    EXPECT_THAT(read(bridged("")), ElementsAre(Nic{.mac = first_mac, .bridge = "xenbr0"}));
}

TEST(DomainXmlNics, HaveAllThatXenKnows) {
    EXPECT_THAT(read(bridged("<ip address='10.0.0.7' family='ipv4'/><ip address='fe80::7'/>"
                             "<script path='vif-nat'/><backenddomain name='netvm'/><target dev='web0'/>"
                             "<model type='e1000'/><mtu size='9000'/><link state='up'/>"
                             "<bandwidth><outbound average='1000'/></bandwidth>"),
                     hvm_os),
                ElementsAre(Nic{.mac = first_mac,
                                .bridge = "xenbr0",
                                .script = "vif-nat",
                                .addresses = {"10.0.0.7", "fe80::7"},
                                .model = "e1000",
                                .target = "web0",
                                .backend_domain = "netvm",
                                .rate_kib = 1000,
                                .mtu = 9000}));
    EXPECT_THAT(read(interface(std::string(mac) + "<script path='vif-route'/>", "ethernet")),
                ElementsAre(Nic{.mac = first_mac, .kind = Nic::Kind::ethernet, .script = "vif-route"}));
}

TEST(DomainXmlNics, OfTypeEthernetWithoutAScriptAreOnXensOwnBridge) {
    EXPECT_THAT(read(interface(std::string(mac) + "<ip address='10.0.0.7'/>", "ethernet")),
                ElementsAre(Nic{.mac = first_mac, .bridge = "xenbr0", .addresses = {"10.0.0.7"}}));
}

TEST(DomainXmlNics, MayHaveNetworksRoutedToThem) {
    const auto nics = read(
        bridged("<ip address='10.0.0.8' family='ipv4' prefix='29'/><ip address='2001:db8::' prefix='64'/>"
                "<ip address='10.0.1.1' prefix='32'/>"));
    ASSERT_EQ(nics.size(), 1u);
    EXPECT_THAT(nics[0].addresses, ElementsAre("10.0.0.8/29", "2001:db8::/64", "10.0.1.1/32"));
    const auto xml = format_xml({.name = "one", .nics = nics});
    EXPECT_THAT(xml, HasSubstr("<ip address='10.0.0.8' family='ipv4' prefix='29'/>\n      "
                               "<ip address='2001:db8::' family='ipv6' prefix='64'/>\n      "
                               "<ip address='10.0.1.1' family='ipv4' prefix='32'/>"));
    const auto with = [](std::string_view attributes) {
        return refusal(bridged(fmt::format("<ip {}/>", attributes)));
    };
    for (const auto* const prefix : {"24", "33", "-1", "", "many"})
        EXPECT_THAT(
            with(fmt::format("address='10.0.0.1' prefix='{}'", prefix)),
            HasSubstr(fmt::format("must be a network, as 10.0.0.0/29 is, and not '10.0.0.1/{}'", prefix)));
    EXPECT_THAT(with("address='2001:db8::1' prefix='127'"), HasSubstr("and not '2001:db8::1/127'"));
    EXPECT_THAT(with("address='10.0.0.0/29'"), HasSubstr("must be an IP address, not '10.0.0.0/29'"));
}

TEST(DomainXmlNics, HaveALinkThatIsUpUnlessItIsDown) {
    EXPECT_THAT(read(bridged("<link state='up'/>")), ElementsAre(Nic{.mac = first_mac, .bridge = "xenbr0"}));
    EXPECT_THAT(read(bridged("<link state='down'/>")),
                ElementsAre(Nic{.mac = first_mac, .bridge = "xenbr0", .link_down = true}));
}

TEST(DomainXmlNics, CanBePortsOfAnOpenVswitch) {
    const auto port = [](std::string_view vlan) {
        const auto nics = read(bridged(fmt::format("<virtualport type='openvswitch'/>{}", vlan)));
        return nics.empty() ? std::nullopt : nics[0].openvswitch;
    };
    EXPECT_EQ(port(""), OpenVswitch());
    EXPECT_EQ(port("<vlan><tag id='42'/></vlan>"), OpenVswitch{.tag = 42});
    EXPECT_EQ(port("<vlan trunk='yes'><tag id='42'/></vlan>"), OpenVswitch{.trunk = {42}});
    EXPECT_EQ(port("<vlan trunk='yes'><tag id='7'/><tag id='42' nativeMode='untagged'/><tag id='9'/></vlan>"),
              (OpenVswitch{.tag = 42, .trunk = {7, 9}}));
}

TEST(DomainXmlNics, AreTakenWithTheIdAndTheScriptThatLibvirtWritesOfAPort) {
    const std::string id = "<parameters interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/>";
    const auto port = "<virtualport type='openvswitch'>" + id + "</virtualport>";
    for (const std::string script :
         {"", "<script path='vif-openvswitch'/>", "<script path='/etc/xen/scripts/vif-openvswitch'/>"})
        EXPECT_THAT(read(bridged(port + script)),
                    ElementsAre(Nic{.mac = first_mac, .bridge = "xenbr0", .openvswitch = OpenVswitch()}))
            << script;
    EXPECT_THAT(
        refusal(bridged("<virtualport type='openvswitch'><parameters interfaceid='one'/></virtualport>")),
        HasSubstr("attribute 'interfaceid' of <parameters> must be a UUID, not 'one'"));
    EXPECT_THAT(
        refusal(bridged("<virtualport type='openvswitch'><parameters profileid='web'/></virtualport>")),
        HasSubstr("attribute 'profileid' of element <parameters> is not supported"));
}

TEST(DomainXmlNics, GetAMacOfXensWhereNoneIsGiven) {
    const auto nics = read(interface(bridge) + interface(bridge));
    ASSERT_EQ(nics.size(), 2U);
    EXPECT_TRUE(to_string(nics[0].mac).starts_with("00:16:3e:"));
    EXPECT_NE(nics[0].mac, nics[1].mac);
}

TEST(DomainXmlNics, AreNumberedInOrderUnlessTheyHaveRunUnderOtherNumbers) {
    const auto devids = [](std::string_view first, std::string_view second, std::string_view third) {
        const auto nic = [](std::string_view alias) {
            return interface(
                fmt::format("{}{}", bridge, alias.empty() ? "" : fmt::format("<alias name='{}'/>", alias)));
        };
        std::vector<unsigned> all;
        for (const auto& one : read(nic(first) + nic(second) + nic(third)))
            all.push_back(one.devid);
        return all;
    };
    EXPECT_THAT(devids("", "", ""), ElementsAre(0, 1, 2));
    EXPECT_THAT(devids("net2", "net4", "net0"), ElementsAre(2, 4, 0));
    EXPECT_THAT(devids("", "net0", ""), ElementsAre(1, 0, 2));
    EXPECT_THAT(devids("net1", "net1", ""), ElementsAre(1, 0, 2)) << "a copied element";
    EXPECT_THAT(devids("net999", "other", "netx"), ElementsAre(0, 1, 2));
}

TEST(DomainXmlNics, OfARunningGuestHaveTheNamesOfTheirVifs) {
    Definition definition{.name = "one", .nics = {{.mac = first_mac, .bridge = "xenbr0"}}};
    definition.nics.push_back({.mac = first_mac, .devid = 3, .bridge = "xenbr0", .target = "web0"});
    const auto xml = format_xml(definition, 7U);
    EXPECT_THAT(xml, HasSubstr("<target dev='vif7.0'/>\n      <alias name='net0'/>"));
    EXPECT_THAT(xml, HasSubstr("<target dev='web0'/>\n      <alias name='net3'/>"));
    for (const auto* const given : {"vif7.0", "vif12.10", "vif7.0-emu"})
        EXPECT_THAT(read(bridged(fmt::format("<target dev='{}'/>", given))),
                    ElementsAre(Field(&Nic::target, "")))
            << given;
    for (const auto* const chosen : {"vif-web", "vifweb.0", "vif7", "vif.0", "vif7.web"})
        EXPECT_THAT(read(bridged(fmt::format("<target dev='{}'/>", chosen))),
                    ElementsAre(Field(&Nic::target, chosen)))
            << chosen;
}

const Nic on_network{.mac = first_mac, .kind = Nic::Kind::network, .network = "default"};

std::string networked(std::string_view source, std::string_view more = "") {
    return interface(fmt::format("{}<source {}/>{}", mac, source, more), "network");
}

TEST(DomainXmlNics, CanBeOnANetworkOfLibvirts) {
    EXPECT_THAT(read(networked("network='default'")), ElementsAre(on_network));
    EXPECT_THAT(format_xml({.name = "one", .nics = {on_network}}),
                HasSubstr("<interface type='network'>\n      <mac address='00:16:3e:00:00:01'/>\n      "
                          "<source network='default'/>\n"));
    auto port = on_network;
    port.openvswitch = OpenVswitch{.tag = 42};
    EXPECT_THAT(
        read(networked("network='default'", "<virtualport type='openvswitch'/><vlan><tag id='42'/></vlan>")),
        ElementsAre(port));
}

TEST(DomainXmlNics, OfANetworkTellItsBridgeOnlyOfAGuestThatRuns) {
    auto found = on_network;
    found.bridge = "virbr0";
    const Definition definition{.name = "one", .nics = {found}};
    EXPECT_THAT(format_xml(definition, 7U), HasSubstr("<source network='default' bridge='virbr0'/>"));
    EXPECT_THAT(format_xml(definition), HasSubstr("<source network='default'/>"));
    const auto* const told =
        "network='default' portid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f' bridge='virbr0'";
    EXPECT_THAT(read(networked(told)), ElementsAre(on_network)) << "another life may find another one";
    EXPECT_THAT(read(interface(fmt::format("{}<source {}/>", mac, told))),
                ElementsAre(Nic{.mac = first_mac, .bridge = "virbr0"}))
        << "so libvirt tells of a network that is a bridge of the host's, and reads it";
}

TEST(DomainXmlNicsRefusal, OfNetworksWithoutAName) {
    EXPECT_THAT(refusal(interface(mac, "network")),
                AllOf(HasSubstr("line 6: "), HasSubstr("No <source> 'network' attribute specified")));
    EXPECT_EQ(refusal(networked("network=' '")),
              "unsupported configuration: line 6: <interface>: network interface 00:16:3e:00:00:01: its "
              "network must be the name of one, up to 255 bytes in a line without '/', not ''");
    EXPECT_THAT(refusal(networked("network='a/b'")), HasSubstr("without '/', not 'a/b'"));
    EXPECT_THAT(refusal(networked(fmt::format("network='{}'", std::string(256, 'n')))),
                HasSubstr("up to 255 bytes"));
    EXPECT_EQ(refusal(networked(fmt::format("network='{}'", std::string(255, 'n')))), "ok");
}

TEST(DomainXmlNicsRefusal, OfWhatANetworkWouldSettle) {
    EXPECT_THAT(refusal(networked("network='default' portgroup='web'")),
                HasSubstr("attribute 'portgroup' of element <source> is not supported"));
    EXPECT_THAT(refusal(networked("network='default' portid='one'")),
                HasSubstr("attribute 'portid' of <source> must be a UUID, not 'one'"));
}

TEST(DomainXmlNicsRefusal, OfMacsThatNoInterfaceCanHave) {
    const auto with = [](std::string_view address) {
        return refusal(interface(fmt::format("<mac address='{}'/>{}", address, bridge)));
    };
    EXPECT_EQ(with("00:16:3e:zz:00:01"),
              "invalid XML: line 6: unable to parse mac address '00:16:3e:zz:00:01': attribute 'address' of "
              "<mac> must be six hexadecimal numbers, as in 00:16:3e:01:02:03");
    EXPECT_EQ(with("01:16:3e:00:00:01"),
              "unsupported configuration: line 6: <interface>: network interface 01:16:3e:00:00:01: expected "
              "unicast mac address, found multicast '01:16:3e:00:00:01'");
    EXPECT_THAT(with("00:00:00:00:00:00"), HasSubstr("expected unicast mac address"));
    EXPECT_EQ(refusal(bridged("") + "\n" + bridged("")),
              "unsupported configuration: line 7: <interface>: network interface 00:16:3e:00:00:01: another "
              "one of the guest has the same MAC address");
}

TEST(DomainXmlNicsRefusal, OfWhatIsNotServed) {
    EXPECT_THAT(refusal(interface("", "user")),
                HasSubstr("'user'; allowed here: bridge, ethernet, network, hostdev"));
    EXPECT_THAT(refusal("<interface/>"), HasSubstr("<interface> has no attribute 'type'"));
    EXPECT_THAT(refusal(interface(mac)), HasSubstr("No <source> 'bridge' attribute specified"));
    EXPECT_THAT(refusal(bridged("<link state='down'/><backenddomain name='netvm'/>")),
                HasSubstr("its link cannot be down, as domain 'netvm' has the other end"));
    EXPECT_THAT(refusal(bridged("<link state='off'/>")), HasSubstr("'off'; allowed here: up, down"));
    EXPECT_THAT(refusal(bridged("<boot order='1'/>")), HasSubstr("element <boot> is not supported"));
    EXPECT_THAT(refusal(bridged("<bandwidth><inbound average='1'/></bandwidth>")),
                HasSubstr("element <inbound> is not supported in <bandwidth>; allowed here: outbound"));
    EXPECT_THAT(refusal(bridged("<bandwidth><outbound average='1' peak='2'/></bandwidth>")),
                HasSubstr("attribute 'peak'"));
    EXPECT_THAT(refusal(bridged("<vlan><tag id='1'/></vlan>")),
                HasSubstr("only supported with <virtualport type='openvswitch'/>"));
    EXPECT_THAT(refusal(bridged("<virtualport type='802.1Qbg'/>")), HasSubstr("allowed here: openvswitch"));
}

TEST(DomainXmlNicsRefusal, OfValuesOutOfRange) {
    EXPECT_THAT(refusal(bridged("<mtu size='67'/>")),
                HasSubstr("its mtu must be from 68 to 65535 bytes, not 67"));
    EXPECT_THAT(refusal(bridged("<mtu size='65536'/>")), HasSubstr("from 1 to 65535, not '65536'"));
    EXPECT_THAT(refusal(bridged("<mtu size='0'/>")), HasSubstr("not '0'"));
    EXPECT_THAT(refusal(bridged("<bandwidth><outbound average='-1'/></bandwidth>")), HasSubstr("not '-1'"));
    EXPECT_THAT(refusal(bridged("<ip address='10.0.0.256'/>")),
                HasSubstr("must be an IP address, not '10.0.0.256'"));
    EXPECT_THAT(refusal(bridged("<virtualport type='openvswitch'/><vlan trunk='yes'/>")),
                HasSubstr("<vlan> has no <tag>"));
    EXPECT_THAT(refusal(bridged("<virtualport type='openvswitch'/><vlan><tag id='4095'/></vlan>")),
                HasSubstr("attribute 'id' of <tag> must be a number from 1 to 4094"));
    EXPECT_THAT(refusal(interface(std::string(mac) + "<source bridge='a name that is too long'/>")),
                HasSubstr("not 'a name that is too long'"));
    EXPECT_THAT(refusal(bridged("<target dev='sixteen-bytes-16'/>")), HasSubstr("up to 15 letters"));
    EXPECT_THAT(refusal(bridged("<target dev='twelve-bytes'/>"), hvm_os), HasSubstr("up to 11 letters"));
    EXPECT_EQ(refusal(bridged("<target dev='twelve-bytes'/><model type='netfront'/>"), hvm_os), "ok");
}

TEST(DomainXmlNicsRefusal, OfModelsThatTheGuestCannotSee) {
    EXPECT_THAT(refusal(bridged("<model type='e1000'/>")),
                HasSubstr("only model 'netfront' is supported for Xen PV(H) domains, not 'e1000'"));
    EXPECT_EQ(refusal(bridged("<model type='netfront'/>")), "ok");
    EXPECT_THAT(refusal(bridged("<model type='virtio'/>"), hvm_os),
                HasSubstr("unknown model 'virtio'; allowed here: netfront, rtl8139, e1000,"));
}

TEST(DomainXmlNicsRefusal, OfAScriptWithAPathThatDom0CannotOpen) {
    EXPECT_THAT(refusal(bridged("<script path='/" + std::string(limits::path_bytes, 's') + "'/>")),
                HasSubstr("its script must be up to 4095 bytes in one line"));
}

TEST(DomainXmlNicsRefusal, OfConnectionsThatContradictThemselves) {
    EXPECT_THAT(refusal(bridged("<virtualport type='openvswitch'/><script path='vif-nat'/>")),
                HasSubstr("has no script of its own"));
    const auto second = interface(std::string(bridge) + "<target dev='web0'/>");
    EXPECT_THAT(refusal(second + second), HasSubstr("the same target 'web0'"));
}

}  // namespace
}  // namespace virtlight::domain::xml_nics_test
