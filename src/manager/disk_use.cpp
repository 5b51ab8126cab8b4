// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_use.hpp"

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

/// What it runs with, or will in a moment; null: it does not.
const domain::Definition* in_use(const Domain& domain) {
    if (domain.life) return &domain.life->definition;
    return domain.making ? &*domain.making : nullptr;
}

}  // namespace

Result<> check_disks_are_free(const Registry& registry, const domain::Definition& definition) {
    if (definition.disks.empty()) return {};
    for (const auto& domain : registry.all()) {
        const auto* const other = in_use(*domain);
        if (!other || domain->uuid == definition.uuid) continue;
        for (const auto& disk : definition.disks)
            for (const auto& used : other->disks)
                if (same_source(disk, used) && !can_share(disk, used))
                    return fail(
                        Reason::operation_failed,
                        "the source {} of disk {} is used by domain '{}' as its disk {}; both would have to "
                        "be read-only, or <shareable/>",
                        disk.path, to_string(disk.target), domain->name, to_string(used.target));
    }
    return {};
}

}  // namespace virtlight::manager
