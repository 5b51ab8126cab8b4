// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_place.hpp"

#include <string_view>

#include "domain/text.hpp"

namespace virtlight::manager {
namespace {

using domain::Disk;

/// The last part of a path tells at once of most that they are others: there may be many domains.
bool is_place_of(const Disk& disk, const Disk& file) {
    const auto end = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    return disk.path.ends_with(end) && same_source(disk, file);
}

Result<> check_is_no_disk(const Disk& file, const Domain& domain, const domain::Definition* definition) {
    if (!definition) return {};
    for (const auto& disk : definition->disks)
        if (is_place_of(disk, file))
            return fail(Reason::invalid_argument,
                        "'{}' is the source of disk {} of domain '{}', whose data would be lost",
                        domain::shown(file.path), to_string(disk.target), domain.name);
    return {};
}

}  // namespace

Result<> check_file_place(const Core& core, const std::filesystem::path& path) {
    if (path.lexically_normal().parent_path() == core.store.image_path({}).lexically_normal().parent_path())
        return fail(Reason::invalid_argument, "'{}' is where the managed images are: use a managed save",
                    domain::shown(path.string()));
    const Disk file{.source = Disk::Source::file, .path = path.string()};
    for (const auto& domain : core.registry.all()) {
        const auto* const stored = domain->stored ? &*domain->stored : nullptr;
        if (auto none = check_is_no_disk(file, *domain, stored); !none) return none;
        for (const auto* const claimed : claims(*domain))
            if (auto none = check_is_no_disk(file, *domain, claimed); !none) return none;
    }
    return {};
}

}  // namespace virtlight::manager
