// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "libvirt/client.hpp"
#include "libvirt/messages.hpp"

/// What the commands ask of domains.
namespace virtlight::cli {

/// The domain that runs with this domid, or has this name, or this uuid, which is not looked up. A number is
/// taken for a domid first, as xl and virsh do. no_domain: there is none.
Result<Uuid> find_domain(libvirt::Client& client, const std::string& name);

/// Those that run by their domids, then the others by their names.
Result<std::vector<libvirt::Domain>> all_domains(libvirt::Client& client);

/// All domains, or the one that is named as for find_domain(). no_domain: there is none.
Result<std::vector<libvirt::Domain>> domains_meant(libvirt::Client& client,
                                                   const std::optional<std::string>& name);

/// What a domain has. no_domain: there is none with this uuid any more.
Result<libvirt::DomainInfoReply> info_of(libvirt::Client& client, const Uuid& uuid);

}  // namespace virtlight::cli
