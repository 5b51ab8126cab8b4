// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// Whether a domain passes the filters of flag::list: it has one of the properties that are set in each
/// group.
bool matches(const manager::DomainInfo& info, std::uint32_t flags);

}  // namespace virtlight::libvirt
