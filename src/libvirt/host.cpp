// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <utility>

#include <strings.h>

#include "domain/xml_writer.hpp"
#include "libvirt/calls.hpp"
#include "libvirt/capabilities.hpp"
#include "libvirt/guest_kinds.hpp"

namespace virtlight::libvirt::calls {

Result<std::string> capabilities(Manager& manager, const None&) {
    return capabilities_xml(manager.host());
}

Result<std::string> domain_capabilities(Manager& manager, const DomainCapabilitiesArgs& args) {
    return domain_capabilities_xml(manager.host(), args);
}

/// Of the guests that may have most: they are all of one type, which some clients write as the connection's.
Result<std::int32_t> max_vcpus_of_host(Manager& manager, const std::optional<std::string>& type) {
    if (type && ::strcasecmp(type->c_str(), std::string(guest_domain_type).c_str()) != 0)
        return fail(Reason::invalid_argument, "unknown type '{}' of domains; allowed here: {}", *type,
                    guest_domain_type);
    unsigned most = 0;
    for (const auto& kind : guest_kinds)
        if (manager.host().*kind.available) most = std::max(most, most_vcpus(kind.type));
    return static_cast<std::int32_t>(most);
}

Result<NodeInfo> node_info(Manager& manager, const None&) {
    const auto& host = manager.host();
    return NodeInfo{.model = {host.machine},
                    .memory_kib = host.memory_kib,
                    .cpus = static_cast<std::int32_t>(host.cpus),
                    .mhz = static_cast<std::int32_t>(host.mhz),
                    .nodes = static_cast<std::int32_t>(host.nodes),
                    .sockets = static_cast<std::int32_t>(host.sockets_per_node),
                    .cores = static_cast<std::int32_t>(host.cores_per_socket),
                    .threads = static_cast<std::int32_t>(host.threads_per_core)};
}

Result<std::uint64_t> free_memory(Manager& manager, const None&) {
    return manager.memory_free_kib() * 1024;
}

/// No security driver: empty names are libvirt's way to say so.
Result<SecurityModel> security_model(Manager&, const None&) {
    return SecurityModel();
}

Result<std::string> sysinfo(Manager& manager, const Flags&) {
    const auto& entries = manager.host().smbios;
    if (entries.empty())
        return fail(Reason::unsupported_config,
                    "Host SMBIOS information is not available: its firmware has no such tables, or dom0 does "
                    "not see them");
    domain::XmlWriter writer;
    {
        auto root = writer.element("sysinfo");
        root.attribute("type", "smbios");
        for (auto first = entries.begin(); first != entries.end();) {
            const auto part = writer.element(first->part);
            const auto end = std::ranges::find_if(
                first, entries.end(), [&](const auto& entry) { return entry.part != first->part; });
            for (; first != end; ++first)
                writer.element("entry").attribute("name", first->name).text(first->value);
        }
    }
    return std::move(writer).take();
}

}  // namespace virtlight::libvirt::calls
