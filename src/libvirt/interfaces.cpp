// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/calls.hpp"

namespace virtlight::libvirt::calls {

namespace {

/// Of virDomainInterfaceAddresses
constexpr std::uint32_t from_leases = 0;
constexpr std::int32_t ipv4 = 0;
constexpr std::int32_t ipv6 = 1;
constexpr std::uint32_t ipv4_bits = 32;
constexpr std::uint32_t ipv6_bits = 128;

InterfaceAddress described(const std::string& address) {
    const bool is_ipv6 = address.contains(':');
    return {.type = is_ipv6 ? ipv6 : ipv4, .address = address, .prefix = is_ipv6 ? ipv6_bits : ipv4_bits};
}

}  // namespace

/// What the host lets a guest have is what its definition says: Xen's scripts keep it to that.
Result<std::vector<Interface>> interface_addresses(Manager& manager, const InterfaceAddressesArgs& args) {
    const auto info = manager.find(args.dom.uuid);
    if (!info) return std::unexpected(info.error());
    if (args.source != from_leases)
        return fail(
            Reason::unsupported_argument,
            "the addresses of a guest are known from its definition (source 'lease') and not from its "
            "agent or its neighbours");
    if (!info->status.active()) return fail(Reason::invalid_state, "domain '{}' is not running", info->name);
    const auto definition = manager.definition(info->uuid, manager::Which::live);
    if (!definition) return std::unexpected(definition.error());
    std::vector<Interface> interfaces;
    for (const auto& nic : definition->nics) {
        if (nic.addresses.empty()) continue;
        auto& found =
            interfaces.emplace_back(vif_name(nic, static_cast<unsigned>(info->domid)), to_string(nic.mac));
        for (const auto& address : nic.addresses)
            found.addresses.push_back(described(address));
    }
    return interfaces;
}

}  // namespace virtlight::libvirt::calls
