// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <set>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"

/// rapidcheck's source of network interfaces that a guest can have together.

namespace virtlight::domain::arbitrary {

inline rc::Gen<std::string> one_of(std::vector<std::string> words) {
    return rc::gen::elementOf(std::move(words));
}

inline std::optional<OpenVswitch> openvswitch() {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    OpenVswitch port;
    if (*rc::gen::arbitrary<bool>()) port.tag = *rc::gen::inRange(1U, 4095U);
    port.trunk = *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(1U, 4095U));
    if (port.trunk.size() > limits::nic_vlans) port.trunk.resize(limits::nic_vlans);
    return port;
}

inline Nic nic(GuestType type, unsigned number) {
    Nic nic;
    nic.mac.bytes = {0x02, *rc::gen::arbitrary<std::uint8_t>(), 0, 0, 0, static_cast<std::uint8_t>(number)};
    nic.kind = *rc::gen::element(Nic::Kind::bridge, Nic::Kind::ethernet, Nic::Kind::network);
    if (nic.kind != Nic::Kind::ethernet) {
        if (nic.kind == Nic::Kind::network)
            nic.network = *one_of({"default", "it's a <net> & more", "é"});
        else
            nic.bridge = *one_of({"xenbr0", "br-lan_2", "a"});
        nic.openvswitch = openvswitch();
        if (!nic.openvswitch) nic.script = *one_of({"", "vif-nat", "/etc/xen/scripts/my script"});
    } else {
        nic.script = *one_of({"vif-route", "/opt/it's <mine>"});
    }
    nic.addresses = *rc::gen::elementOf(std::vector<std::vector<std::string>>{
        {}, {"10.0.0.7"}, {"192.168.1.1", "2001:db8::7"}, {"10.0.0.8/29", "2001:db8::/64"}});
    nic.model = type == GuestType::hvm ? *one_of({"", "netfront", "e1000", "rtl8139", "ne2k_pci"})
                                       : *one_of({"", "netfront"});
    if (*rc::gen::arbitrary<bool>()) nic.target = "port" + std::to_string(number);
    nic.backend_domain = *one_of({"", "netvm", "net & firewall"});
    nic.rate_kib = *rc::gen::weightedOneOf<unsigned>(
        {{1, rc::gen::just(0U)}, {1, rc::gen::inRange(1U, 4'000'000'000U)}});
    nic.link_down = nic.backend_domain.empty() && *rc::gen::arbitrary<bool>();
    nic.mtu = *rc::gen::element(0U, 68U, 1500U, 9000U, 65535U);
    return nic;
}

/// With devids as they come to be when others have been detached, or in order.
inline std::vector<Nic> nics(GuestType type) {
    std::vector<Nic> all;
    const bool in_order = *rc::gen::arbitrary<bool>();
    std::set<unsigned> devids;
    for (unsigned left = *rc::gen::inRange(0U, 4U); left > 0; --left) {
        all.push_back(nic(type, left));
        const auto asked = in_order ? static_cast<unsigned>(devids.size()) : *rc::gen::inRange(0U, 6U);
        all.back().devid = devids.insert(asked).second ? asked : free_devid(all);
        devids.insert(all.back().devid);
    }
    return all;
}

}  // namespace virtlight::domain::arbitrary
