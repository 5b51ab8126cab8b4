// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/nic.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/ranges.h>

#include "base/limits.hpp"
#include "domain/definition.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

/// What QEMU's PC can have, in its words.
constexpr std::array<std::string_view, 14> nic_models{
    paravirtual_nic, "rtl8139", "e1000",   "e1000e",   "ne2k_pci", "pcnet",   "i82551",
    "i82557b",       "i82558b", "i82559c", "i82559er", "tulip",    "vmxnet3", "virtio-net-pci"};

constexpr unsigned least_mtu = 68;  // of IPv4
constexpr unsigned most_mtu = 65535;
/// Bytes of the name of an interface of Linux, and what Xen puts behind that of an emulated NIC's.
constexpr std::size_t interface_bytes = 15;
constexpr std::string_view emulated_suffix = "-emu";

template <class Range, class Value, class Part = std::identity>
bool contains(const Range& range, const Value& value, Part part = {}) {
    return std::ranges::find(range, value, part) != std::ranges::end(range);
}

/// Whether it can be the name of an interface of Linux, and passes through hotplug scripts unharmed.
bool is_interface(std::string_view name, std::size_t bytes) {
    return !name.empty() && name.size() <= bytes && name != "." && name != ".." && name.front() != '-' &&
           std::ranges::all_of(name, [](unsigned char c) {
               return c < 0x80 &&
                      (std::isalnum(c) != 0 || std::string_view("._-").contains(static_cast<char>(c)));
           });
}

/// As libvirt names networks.
bool is_network(std::string_view name) {
    return !name.empty() && name.size() <= limits::network_name_bytes && is_line(name) && !name.contains('/');
}

/// In the order of the wire; none: it is no address.
std::vector<unsigned char> ip_bytes(const std::string& address) {
    std::vector<unsigned char> bytes(sizeof(in6_addr));
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
    bytes.resize(sizeof(in_addr));
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) return bytes;
    return {};
}

bool is_vlan(unsigned id) {
    return id >= 1 && id <= last_vlan;
}

template <class... Args>
std::unexpected<Error> refuse(const Nic& nic, fmt::format_string<Args...> text, Args&&... args) {
    return fail(Reason::unsupported_config, "network interface {}: {}", to_string(nic.mac),
                fmt::format(text, std::forward<Args>(args)...));
}

Result<> check_model(const Nic& nic, GuestType type) {
    if (nic.model.empty()) return {};
    if (type != GuestType::hvm && nic.model != paravirtual_nic)
        return refuse(nic, "only model '{}' is supported for Xen PV(H) domains, not '{}'", paravirtual_nic,
                      shown(nic.model));
    if (!contains(nic_models, nic.model))
        return refuse(nic, "unknown model '{}'; allowed here: {}", shown(nic.model),
                      fmt::join(nic_models, ", "));
    return {};
}

}  // namespace

Result<> check_connection(const Nic& nic) {
    if (nic.kind == Nic::Kind::ethernet && nic.script.empty())
        return refuse(
            nic, "one of type 'ethernet' needs a script that connects it, as in <script path='vif-route'/>");
    if (nic.kind == Nic::Kind::network && !is_network(nic.network))
        return refuse(nic,
                      "its network must be the name of one, up to {} bytes in a line without '/', not '{}'",
                      limits::network_name_bytes, shown(nic.network));
    const bool has_bridge =
        nic.kind == Nic::Kind::bridge || (nic.kind == Nic::Kind::network && !nic.bridge.empty());
    if (has_bridge && !is_interface(nic.bridge, interface_bytes))
        return refuse(
            nic, "its bridge must be the name of one, up to {} letters, digits, '.', '_' and '-', not '{}'",
            interface_bytes, shown(nic.bridge));
    if (nic.script.size() > limits::path_bytes || !is_line(nic.script))
        return refuse(nic, "its script must be up to {} bytes in one line, not '{}'", limits::path_bytes,
                      shown(nic.script));
    if (!nic.openvswitch) return {};
    if (nic.kind == Nic::Kind::ethernet || !nic.script.empty())
        return refuse(
            nic, "a port of an Open vSwitch is of type 'bridge' or 'network' and has no script of its own");
    // Xen's script takes the bridge's name up to there.
    if (nic.bridge.contains('.'))
        return refuse(nic, "the name of an Open vSwitch cannot hold '.': '{}'", nic.bridge);
    const auto& [tag, trunk] = *nic.openvswitch;
    if ((tag && !is_vlan(*tag)) || !std::ranges::all_of(trunk, is_vlan))
        return refuse(nic, "the id of a VLAN must be from 1 to {}", last_vlan);
    if (trunk.size() > limits::nic_vlans)
        return refuse(nic, "it can carry {} VLANs, not {}", limits::nic_vlans, trunk.size());
    return {};
}

Result<> check_nic(const Nic& nic, GuestType type) {
    if (nic.mac.is_multicast() || nic.mac.is_nil())
        return refuse(nic, "expected unicast mac address, found {} '{}'",
                      nic.mac.is_nil() ? "that of none" : "multicast", to_string(nic.mac));
    if (auto good = check_connection(nic); !good) return good;
    if (auto good = check_model(nic, type); !good) return good;
    const auto target_bytes = interface_bytes - (is_emulated(nic, type) ? emulated_suffix.size() : 0);
    if (!nic.target.empty() && !is_interface(nic.target, target_bytes))
        return refuse(nic, "its target must be up to {} letters, digits, '.', '_' and '-', not '{}'",
                      target_bytes, shown(nic.target));
    if (is_given_by_xen(nic.target))
        return refuse(nic, "its target cannot be '{}': Xen gives such names itself", nic.target);
    for (const auto& address : nic.addresses)
        if (!is_ip_range(address))
            return refuse(nic, "'{}' is no IP address, and no network of some, as 10.0.0.0/29 is",
                          shown(address));
    if (nic.addresses.size() > limits::nic_addresses)
        return refuse(nic, "it can have {} IP addresses, not {}", limits::nic_addresses,
                      nic.addresses.size());
    if (nic.mtu != 0 && (nic.mtu < least_mtu || nic.mtu > most_mtu))
        return refuse(nic, "its mtu must be from {} to {} bytes, not {}", least_mtu, most_mtu, nic.mtu);
    if (!is_line(nic.backend_domain))
        return refuse(nic, "its backend domain must be a name in one line, not '{}'",
                      shown(nic.backend_domain));
    if (nic.link_down && !nic.backend_domain.empty())
        return refuse(
            nic,
            "its link cannot be down, as domain '{}' has the other end: libxl cannot say so, and only "
            "interfaces of Domain-0 are set down without it",
            nic.backend_domain);
    return {};
}

bool is_given_by_xen(std::string_view target) {
    constexpr std::string_view prefix = "vif";
    if (!target.starts_with(prefix)) return false;
    target.remove_prefix(prefix.size());
    if (target.ends_with(emulated_suffix)) target.remove_suffix(emulated_suffix.size());
    const auto dot = target.find('.');
    return dot != target.npos && whole_number<unsigned>(target.substr(0, dot)) &&
           whole_number<unsigned>(target.substr(dot + 1));
}

Result<> check_beside(const Nic& nic, const std::vector<Nic>& others) {
    if (others.size() >= limits::nics)
        return refuse(nic, "a guest can have {} network interfaces", limits::nics);
    for (const auto& other : others) {
        if (other.mac == nic.mac) return refuse(nic, "another one of the guest has the same MAC address");
        if (other.devid == nic.devid)
            return refuse(nic, "another one of the guest has the devid {}", nic.devid);
        if (!nic.target.empty() && other.target == nic.target)
            return refuse(nic, "another one of the guest has the same target '{}'", nic.target);
    }
    return {};
}

bool is_emulated(const Nic& nic, GuestType type) {
    return type == GuestType::hvm && nic.model != paravirtual_nic;
}

bool is_ip_address(const std::string& address) {
    return !ip_bytes(address).empty();
}

bool is_ip_range(std::string_view text) {
    const auto slash = text.find('/');
    const auto bytes = ip_bytes(std::string(text.substr(0, slash)));
    if (slash == text.npos || bytes.empty()) return !bytes.empty();
    const auto bits = bytes.size() * 8;
    const auto prefix = whole_number<std::size_t>(text.substr(slash + 1));
    if (!prefix || *prefix > bits) return false;
    for (auto bit = *prefix; bit < bits; ++bit)
        if ((bytes[bit / 8] & 0x80U >> bit % 8) != 0) return false;
    return true;
}

std::vector<Nic> without_found_bridges(std::vector<Nic> nics) {
    for (auto& nic : nics)
        if (nic.kind == Nic::Kind::network) nic.bridge.clear();
    return nics;
}

std::vector<Nic> with_bridges_of(const std::vector<Nic>& before, std::vector<Nic> nics) {
    for (auto& nic : nics) {
        const auto had = std::ranges::find(before, nic.mac, &Nic::mac);
        if (had != before.end()) keep_found_bridge(*had, nic);
    }
    return nics;
}

void keep_found_bridge(const Nic& before, Nic& nic) {
    const bool same =
        nic.kind == Nic::Kind::network && before.kind == nic.kind && before.network == nic.network;
    if (same && nic.bridge.empty()) nic.bridge = before.bridge;
}

std::string alias_of(const Nic& nic) {
    return fmt::format("net{}", nic.devid);
}

unsigned free_devid(const std::vector<Nic>& nics) {
    unsigned devid = 0;
    while (contains(nics, devid, &Nic::devid))
        ++devid;
    return devid;
}

std::string vif_name(const Nic& nic, unsigned domid) {
    return nic.target.empty() ? fmt::format("vif{}.{}", domid, nic.devid) : nic.target;
}

}  // namespace virtlight::domain
