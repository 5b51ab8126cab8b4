// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

#include "async/task.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

/// The disk that has this target or this path. invalid_argument.
Result<domain::Disk> find_disk(const domain::Definition& definition, std::string_view disk);

/// Whether no other guest that runs, or is being started or given a disk, uses what serves a disk in
/// `definition`, which is all or a part of what this domain's guest is to have, so that they would destroy
/// each other's file systems; and whether this guest does not use it twice. Both may use it read-only, or if
/// both definitions say that it is shareable. The domain claims its disks before it asks, so that of two who
/// ask at once at least one is refused. operation_failed: names the disk, the path and the other domain;
/// timed_out: the storage of this one's disks does not answer; cancelled.
async::Task<Result<>> require_free_disks(Core& core, DomainRef domain, domain::Definition definition,
                                         async::CancelToken cancel);
/// The same later, of disks that it was asked of before: another tool's guest may have come since. Its own
/// are not looked at again. Errors as above, without timed_out.
async::Task<Result<>> require_disks_still_free(Core& core, DomainRef domain, domain::Definition definition,
                                               async::CancelToken cancel);

}  // namespace virtlight::manager
