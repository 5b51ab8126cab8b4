// SPDX-License-Identifier: LGPL-2.1-or-later
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libvirt/calls.hpp"
#include "libvirt/flags.hpp"

namespace virtlight::libvirt::calls {

using async::Task;
using manager::Which;

namespace {

/// Libvirt's limits; 0 is no bound.
constexpr std::array<std::string_view, 7> limit_params{"inbound.average", "inbound.peak",     "inbound.burst",
                                                       "inbound.floor",   "outbound.average", "outbound.peak",
                                                       "outbound.burst"};
/// The one that Xen has: KiB per second that the guest may send.
constexpr std::string_view rate_param = "outbound.average";

/// By its vif's name or its MAC address.
Result<domain::Nic> nic_named(Manager& manager, const manager::DomainInfo& info, Which which,
                              const std::string& device) {
    const auto definition = manager.definition(info.uuid, which);
    if (!definition) return std::unexpected(definition.error());
    const auto mac = domain::MacAddress::parse(device);
    for (const auto& nic : definition->nics) {
        const bool has_name = which == Which::live
                                  ? vif_name(nic, static_cast<unsigned>(info.domid)) == device
                                  : nic.target == device;
        if (mac ? nic.mac == *mac : has_name && !device.empty()) return nic;
    }
    return fail(Reason::invalid_argument, "domain '{}' has no network interface '{}'", info.name, device);
}

/// Empty: they leave it as it is.
Result<std::optional<unsigned>> rate_in(const std::vector<TypedParam>& params) {
    std::optional<unsigned> rate;
    for (const auto& [field, value] : params) {
        const auto* const number = std::get_if<std::uint32_t>(&value);
        if (!number)
            return fail(Reason::invalid_argument, "parameter '{}' must be an unsigned number", field);
        if (field == rate_param)
            rate = *number;
        else if (*number != 0)
            return fail(Reason::unsupported_argument,
                        "parameter '{}' not supported: Xen limits what a guest sends, by its {}", field,
                        rate_param);
    }
    return rate;
}

/// Of virDomainInterfaceAddresses
constexpr std::uint32_t from_leases = 0;
constexpr std::uint32_t from_arp = 2;
constexpr std::int32_t ipv4 = 0;
constexpr std::int32_t ipv6 = 1;
constexpr std::uint32_t ipv4_bits = 32;
constexpr std::uint32_t ipv6_bits = 128;

InterfaceAddress described(const std::string& address) {
    const bool is_ipv6 = address.contains(':');
    return {.type = is_ipv6 ? ipv6 : ipv4, .address = address, .prefix = is_ipv6 ? ipv6_bits : ipv4_bits};
}

/// Each interface with those of its addresses that are known; one without any is left out.
std::vector<Interface> interfaces_with(
    const domain::Definition& definition, unsigned domid,
    const std::function<std::vector<std::string>(const domain::Nic&)>& known_of) {
    std::vector<Interface> interfaces;
    for (const auto& nic : definition.nics) {
        const auto addresses = known_of(nic);
        if (addresses.empty()) continue;
        auto& found = interfaces.emplace_back(vif_name(nic, domid), to_string(nic.mac));
        for (const auto& address : addresses)
            found.addresses.push_back(described(address));
    }
    return interfaces;
}

std::vector<std::string> addresses_of(const domain::MacAddress& mac,
                                      const std::vector<hypervisor::Neighbour>& neighbours) {
    std::vector<std::string> addresses;
    for (const auto& neighbour : neighbours)
        if (neighbour.mac == mac) addresses.push_back(neighbour.address);
    return addresses;
}

}  // namespace

/// What the host lets a guest have is what its definition says: Xen's scripts keep it to that. What it has
/// taken is what it has answered Domain-0 for.
Task<Result<std::vector<Interface>>> interface_addresses(Manager& manager, InterfaceAddressesArgs args) {
    if (auto known = manager.find(args.dom.uuid); !known) co_return std::unexpected(known.error());
    if (args.source != from_leases && args.source != from_arp)
        co_return fail(
            Reason::unsupported_argument,
            "the addresses of a guest are known from its definition (source 'lease') and from what it has "
            "answered Domain-0 (source 'arp'), and not from its agent");
    Result<std::vector<hypervisor::Neighbour>> neighbours;
    if (args.source == from_arp) neighbours = co_await manager.neighbours();
    if (!neighbours) co_return std::unexpected(neighbours.error());
    const auto info = find_running(manager, args.dom.uuid);
    if (!info) co_return std::unexpected(info.error());
    const auto definition = manager.definition(info->uuid, Which::live);
    if (!definition) co_return std::unexpected(definition.error());
    const bool arp = args.source == from_arp;
    co_return interfaces_with(*definition, static_cast<unsigned>(info->domid), [&](const domain::Nic& nic) {
        return arp ? addresses_of(nic.mac, *neighbours) : nic.addresses;
    });
}

Result<ParamsReply> interface_params(Manager& manager, const InterfaceParamsArgs& args) {
    const auto chosen = choose_definition(manager, args.dom.uuid, args.flags);
    if (!chosen) return std::unexpected(chosen.error());
    const auto& [info, which] = *chosen;
    const auto nic = nic_named(manager, info, which, args.device);
    if (!nic) return std::unexpected(nic.error());
    ParamsReply reply{.count = static_cast<std::int32_t>(limit_params.size())};
    for (const auto param : limit_params)
        reply.params.push_back({std::string(param), std::uint32_t{param == rate_param ? nic->rate_kib : 0}});
    keep_first(reply.params, args.max);  // a client that has room for fewer takes more for an error
    return reply;
}

Task<Result<>> set_interface_params(Manager& manager, SetInterfaceParamsArgs args) {
    const auto rate = rate_in(args.params);
    if (!rate) co_return std::unexpected(rate.error());
    const auto info = manager.find(args.dom.uuid);
    if (!info) co_return std::unexpected(info.error());
    const bool stored_only = (args.flags & (flag::live | flag::config)) == flag::config;
    const auto which = stored_only || !info->status.active() ? Which::stored : Which::live;
    const auto nic = nic_named(manager, *info, which, args.device);
    if (!nic) co_return std::unexpected(nic.error());
    if (!*rate) co_return Result<>{};
    co_return co_await manager.set_nic_rate(info->uuid, nic->mac, **rate, affects(args.flags));
}

}  // namespace virtlight::libvirt::calls
