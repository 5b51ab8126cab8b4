// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/domains.hpp"

#include <cstdint>
#include <utility>

#include "cli/procedures.hpp"
#include "domain/text.hpp"

namespace virtlight::cli {

Result<Uuid> find_domain(libvirt::Client& client, const std::string& name) {
    const auto domid = virtlight::domain::whole_number<std::uint16_t>(name);
    if (domid) {
        const auto runs =
            client.call<libvirt::Domain>(procedure::lookup_by_id, static_cast<std::int32_t>(*domid));
        if (runs) return runs->uuid;
        if (runs.error().reason != Reason::no_domain) return std::unexpected(runs.error());
    }
    const auto found = client.call<libvirt::Domain>(procedure::lookup_by_name, name);
    if (found) return found->uuid;
    if (const auto uuid = Uuid::parse(name)) return *uuid;
    if (domid && found.error().reason == Reason::no_domain)
        return fail(Reason::no_domain, "no domain with domid or name '{}'", name);
    return std::unexpected(found.error());
}

Result<std::vector<libvirt::Domain>> all_domains(libvirt::Client& client) {
    auto all = client.call<libvirt::DomainList>(procedure::list_all_domains,
                                                libvirt::ListAllArgs{.need_results = 1});
    if (!all) return std::unexpected(std::move(all.error()));
    return std::move(all->domains);
}

Result<std::vector<libvirt::Domain>> domains_meant(libvirt::Client& client,
                                                   const std::optional<std::string>& name) {
    auto domains = all_domains(client);
    if (!domains || !name) return domains;
    const auto uuid = find_domain(client, *name);
    if (!uuid) return std::unexpected(uuid.error());
    std::erase_if(*domains, [&](const libvirt::Domain& domain) { return domain.uuid != *uuid; });
    if (domains->empty()) return fail(Reason::no_domain, "no domain with matching uuid '{}'", *name);
    return domains;
}

Result<libvirt::DomainInfoReply> info_of(libvirt::Client& client, const Uuid& uuid) {
    return client.call<libvirt::DomainInfoReply>(procedure::get_info, libvirt::Domain{.uuid = uuid});
}

}  // namespace virtlight::cli
