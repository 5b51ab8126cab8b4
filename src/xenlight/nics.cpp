// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/nics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include <fmt/ranges.h>

#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using domain::Nic;
using domain::OpenVswitch;

constexpr std::string_view paravirtual = "netfront";
constexpr std::string_view openvswitch_script = "vif-openvswitch";
constexpr std::string_view bridge_script = "vif-bridge";
constexpr std::string_view default_bridge = "xenbr0";  ///< libxl's
/// Xen gives a vif its credit to send anew so often, as xl does.
constexpr std::uint32_t rate_interval_usecs = 50'000;
constexpr std::uint64_t second_usecs = 1'000'000;

/// As Xen's script takes it: "BRIDGE.TAG:TRUNK:TRUNK".
std::string openvswitch_port(const std::string& bridge, const OpenVswitch& port) {
    auto text = bridge;
    if (port.tag) text += fmt::format(".{}", *port.tag);
    for (const auto id : port.trunk)
        text += fmt::format(":{}", id);
    return text;
}

unsigned number_in(std::string_view text) {
    unsigned number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

void read_openvswitch_port(std::string_view text, Nic& nic) {
    auto& port = nic.openvswitch.emplace();
    while (text.contains(':')) {
        const auto at = text.rfind(':');
        port.trunk.insert(port.trunk.begin(), number_in(text.substr(at + 1)));
        text = text.substr(0, at);
    }
    if (const auto at = text.rfind('.'); at != text.npos) {
        port.tag = number_in(text.substr(at + 1));
        text = text.substr(0, at);
    }
    nic.bridge = text;
}

/// Whether it is that of Xen's scripts, by its name alone or with its path.
bool is_script(std::string_view script, std::string_view name) {
    return script == name || (script.ends_with(name) && script[script.size() - name.size() - 1] == '/');
}

/// libxl keeps what it was told: a NIC without a bridge is on the default one if its script needs one.
void read_connection(const libxl_device_nic& given, Nic& nic) {
    const auto script = text_of(given.script);
    const auto bridge = given.bridge ? std::string_view(given.bridge) : default_bridge;
    if (is_script(script, openvswitch_script)) return read_openvswitch_port(bridge, nic);
    const bool bridged = given.bridge || script.empty() || is_script(script, bridge_script);
    nic.kind = bridged ? Nic::Kind::bridge : Nic::Kind::ethernet;
    if (bridged) nic.bridge = bridge;
    nic.script = script;
}

/// libxl separates them by blanks.
std::vector<std::string> addresses_in(std::string_view text) {
    std::vector<std::string> addresses;
    for (std::size_t at = 0; (at = text.find_first_not_of(' ', at)) != text.npos;) {
        const auto end = std::min(text.find(' ', at), text.size());
        addresses.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return addresses;
}

std::uint64_t bytes_per_interval(unsigned rate_kib) {
    return std::uint64_t{rate_kib} * 1024 * rate_interval_usecs / second_usecs;
}

unsigned rate_kib(const libxl_device_nic& nic) {
    if (nic.rate_interval_usecs == 0) return 0;
    const auto bytes =
        static_cast<double>(nic.rate_bytes_per_interval) * second_usecs / nic.rate_interval_usecs;
    const auto kib = std::clamp(bytes / 1024, 1.0, double{std::numeric_limits<unsigned>::max()});
    return static_cast<unsigned>(std::lround(kib));
}

}  // namespace

void write_nic(const Nic& nic, GuestType type, libxl_device_nic& written) {
    written.devid = static_cast<int>(nic.devid);
    std::ranges::copy(nic.mac.bytes, written.mac);
    written.bridge = copy(nic.openvswitch ? openvswitch_port(nic.bridge, *nic.openvswitch) : nic.bridge);
    written.script = copy(nic.openvswitch ? std::string(openvswitch_script) : nic.script);
    written.ip = copy(fmt::format("{}", fmt::join(nic.addresses, " ")));
    written.model = copy(nic.model);
    const bool emulated = type == GuestType::hvm && nic.model != paravirtual;
    written.nictype = emulated ? LIBXL_NIC_TYPE_VIF_IOEMU : LIBXL_NIC_TYPE_VIF;
    written.ifname = copy(nic.target);
    written.backend_domname = copy(nic.backend_domain);
    written.mtu = static_cast<int>(nic.mtu);
    if (nic.rate_kib == 0) return;
    written.rate_bytes_per_interval = bytes_per_interval(nic.rate_kib);
    written.rate_interval_usecs = rate_interval_usecs;
}

Nic read_nic(const libxl_device_nic& given, GuestType type) {
    Nic nic;
    std::ranges::copy(given.mac, nic.mac.bytes.begin());
    nic.devid = static_cast<unsigned>(std::max(given.devid, 0));
    read_connection(given, nic);
    nic.addresses = addresses_in(text_of(given.ip));
    nic.model = text_of(given.model);
    // xl says of an HVM guest's vif alone that it has no model.
    if (type == GuestType::hvm && given.nictype == LIBXL_NIC_TYPE_VIF) nic.model = paravirtual;
    nic.target = text_of(given.ifname);
    nic.backend_domain = text_of(given.backend_domname);
    nic.rate_kib = rate_kib(given);
    nic.mtu = static_cast<unsigned>(std::max(given.mtu, 0));
    return nic;
}

void write_nics(const domain::Definition& definition, libxl_domain_config& config) {
    config.nics = allocate<libxl_device_nic>(definition.nics.size());
    for (const auto& nic : definition.nics) {
        auto& written = config.nics[config.num_nics++];
        libxl_device_nic_init(&written);
        write_nic(nic, definition.type, written);
    }
}

std::vector<Nic> read_nics(const libxl_domain_config& config, GuestType type) {
    std::vector<Nic> nics;
    for (const auto& given : std::span(config.nics, static_cast<std::size_t>(config.num_nics))) {
        auto nic = read_nic(given, type);
        if (given.devid < 0) nic.devid = free_devid(nics);
        nics.push_back(std::move(nic));
    }
    return nics;
}

Result<> check_nics(const libxl_domain_config& config, GuestType type) {
    for (const auto& given : std::span(config.nics, static_cast<std::size_t>(config.num_nics))) {
        if (given.gatewaydev || !is_on(given.trusted, true))
            return fail(
                Reason::unsupported_config,
                "it has a network interface with a gateway device of its own, or one that is not trusted");
        if (auto good = check_nic(read_nic(given, type), type); !good) return good;
    }
    return {};
}

}  // namespace virtlight::xenlight
