// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_use.hpp"

#include "domain/text.hpp"
#include "manager/others.hpp"

namespace virtlight::manager {
namespace {

using domain::Disk;

bool same_source(const Disk& one, const Disk& other) {
    return one.source != Disk::Source::none && other.source != Disk::Source::none && one.path == other.path &&
           one.backend_domain == other.backend_domain;
}

bool can_share(const Disk& one, const Disk& other) {
    return (one.readonly && other.readonly) || (one.shareable && other.shareable);
}

}  // namespace

Result<Disk> find_disk(const domain::Definition& definition, std::string_view disk) {
    for (const auto& each : definition.disks)
        if (to_string(each.target) == disk || (!disk.empty() && each.path == disk)) return each;
    return fail(Reason::invalid_argument, "invalid path '{}': domain '{}' has no such disk",
                domain::shown(disk), definition.name);
}

Result<> check_disks_are_free(const Registry& registry, const domain::Definition& definition) {
    if (definition.disks.empty()) return {};
    const auto refusal = [&](const Domain& other, const domain::Definition& has) -> Result<> {
        for (const auto& disk : definition.disks)
            for (const auto& used : has.disks)
                if (same_source(disk, used) && !can_share(disk, used))
                    return fail(
                        Reason::operation_failed,
                        "the source {} of disk {} is used by domain '{}' as its disk {}; both would have to "
                        "be read-only, or <shareable/>",
                        disk.path, to_string(disk.target), other.name, to_string(used.target));
        return {};
    };
    return check_others(registry, definition.uuid, refusal);
}

}  // namespace virtlight::manager
