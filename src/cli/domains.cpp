// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/domains.hpp"

#include <cstdint>
#include <utility>

namespace virtlight::cli {

Result<Uuid> find_domain(libvirt::Client& client, const std::string& name) {
    constexpr std::int32_t lookup_by_name = 23;
    const auto found = client.call<libvirt::Domain>(lookup_by_name, name);
    if (found) return found->uuid;
    if (const auto uuid = Uuid::parse(name)) return *uuid;
    return std::unexpected(found.error());
}

Result<std::vector<libvirt::Domain>> all_domains(libvirt::Client& client) {
    constexpr std::int32_t list_all_domains = 273;
    auto all = client.call<libvirt::DomainList>(list_all_domains, libvirt::ListAllArgs{.need_results = 1});
    if (!all) return std::unexpected(std::move(all.error()));
    return std::move(all->domains);
}

Result<libvirt::DomainInfoReply> info_of(libvirt::Client& client, const Uuid& uuid) {
    constexpr std::int32_t get_info = 16;
    return client.call<libvirt::DomainInfoReply>(get_info, libvirt::Domain{.uuid = uuid});
}

}  // namespace virtlight::cli
