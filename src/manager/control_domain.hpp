// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "hypervisor/port.hpp"
#include "manager/core.hpp"

/// Domain-0, the host itself: it is listed as a domain that always runs, and defined by what Xen says of it.
namespace virtlight::manager {

/// Registers Domain-0 as `snapshot` has it. Once, before any other domain.
void show_control_domain(Core& core, const hypervisor::Snapshot& snapshot);

/// Writes into Domain-0's life how much memory and how many vCPUs it has now, whoever has changed that.
void see_control_domain(const Core& core, Life& life, const hypervisor::DomainSeen& seen);

}  // namespace virtlight::manager
