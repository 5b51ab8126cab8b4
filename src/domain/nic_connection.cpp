// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/nic_connection.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

constexpr std::string_view openvswitch_script = "vif-openvswitch";
constexpr std::string_view bridge_script = "vif-bridge";

/// As Xen's script takes it: "BRIDGE.TAG:TRUNK:TRUNK".
std::string openvswitch_port(const std::string& bridge, const OpenVswitch& port) {
    auto text = bridge;
    if (port.tag) text += fmt::format(".{}", *port.tag);
    for (const auto id : port.trunk)
        text += fmt::format(":{}", id);
    return text;
}

unsigned vlan_in(std::string_view text) {
    return whole_number<unsigned>(text).value_or(0);
}

void read_openvswitch_port(std::string_view text, Nic& nic) {
    auto& port = nic.openvswitch.emplace();
    while (text.contains(':')) {
        const auto at = text.rfind(':');
        port.trunk.insert(port.trunk.begin(), vlan_in(text.substr(at + 1)));
        text = text.substr(0, at);
    }
    if (const auto at = text.rfind('.'); at != text.npos) {
        port.tag = vlan_in(text.substr(at + 1));
        text = text.substr(0, at);
    }
    nic.bridge = text;
}

/// Whether it is that of Xen's scripts, by its name alone or with its path.
bool is_script(std::string_view script, std::string_view name) {
    return script == name || (script.ends_with(name) && script[script.size() - name.size() - 1] == '/');
}

std::vector<std::string> addresses_in(std::string_view text) {
    std::vector<std::string> addresses;
    for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != text.npos;) {
        const auto end = std::min(text.find(' ', at), text.size());
        addresses.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return addresses;
}

}  // namespace

NicConnection connection_of(const Nic& nic) {
    return {.bridge = nic.openvswitch ? openvswitch_port(nic.bridge, *nic.openvswitch) : nic.bridge,
            .script = nic.openvswitch ? std::string(openvswitch_script) : nic.script,
            .addresses = fmt::format("{}", fmt::join(nic.addresses, " "))};
}

void connect(Nic& nic, const NicConnection& connection) {
    nic.addresses = addresses_in(connection.addresses);
    const auto& script = connection.script;
    const auto bridge = connection.bridge.empty() ? default_bridge : std::string_view(connection.bridge);
    if (is_openvswitch_script(script)) return read_openvswitch_port(bridge, nic);
    const bool bridged = !connection.bridge.empty() || script.empty() || is_script(script, bridge_script);
    nic.kind = bridged ? Nic::Kind::bridge : Nic::Kind::ethernet;
    if (bridged) nic.bridge = bridge;
    nic.script = script;
}

bool is_openvswitch_script(std::string_view script) {
    return is_script(script, openvswitch_script);
}

}  // namespace virtlight::domain
