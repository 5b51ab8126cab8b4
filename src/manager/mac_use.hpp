// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "manager/registry.hpp"

namespace virtlight::manager {

/// Whether no other guest that runs, or is being started or given an interface, has a MAC address of this
/// one: they would take each other's frames. operation_failed: names the address and the other domain.
/// O(domains).
Result<> check_macs_are_free(const Registry& registry, const domain::Definition& definition);

}  // namespace virtlight::manager
