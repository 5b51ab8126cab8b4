// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "manager/registry.hpp"

namespace virtlight::manager {

/// The disk that has this target or this path. invalid_argument.
Result<domain::Disk> find_disk(const domain::Definition& definition, std::string_view disk);

/// Whether no other guest that runs, or is being started or given a disk, uses what serves a disk of this
/// one, so that they would destroy each other's file systems. Both may use it read-only, or if both
/// definitions say that it is shareable. operation_failed: names the disk, the path and the other domain.
/// O(domains).
Result<> check_disks_are_free(const Registry& registry, const domain::Definition& definition);

}  // namespace virtlight::manager
