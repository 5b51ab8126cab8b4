// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_place.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/log.hpp"
#include "domain/text.hpp"
#include "hypervisor/disk_files.hpp"

/// What a client names is looked at twice: by its name, and by what is there, as a file and a folder have
/// many names.
namespace virtlight::manager {
namespace {

using async::CancelToken;
using async::Task;
using domain::Disk;
using hypervisor::FileIdentity;

/// Whose data is in a file.
struct DataOwner {
    std::string domain;
    domain::DiskName disk;
};

Error is_data_of(const std::string& named, const DataOwner& owner) {
    return {Reason::invalid_argument,
            fmt::format("{} is the source of disk {} of domain '{}', whose data would be lost", named,
                        to_string(owner.disk), owner.domain)};
}

std::string in_quotes(const std::string& path) {
    return fmt::format("'{}'", domain::shown(path));
}

/// By both of its names.
std::string in_quotes(const std::string& path, const std::string& other) {
    return path == other ? in_quotes(path)
                         : fmt::format("{}, which is {},", in_quotes(path), in_quotes(other));
}

Error is_images_folder(const std::string& path) {
    return {Reason::invalid_argument,
            fmt::format("{} is where the managed images are: use a managed save", in_quotes(path))};
}

/// The last part of a path tells at once of most that they are others: there may be many domains.
bool is_place_of(const Disk& disk, const Disk& file) {
    const auto end = std::string_view(file.path).substr(file.path.rfind('/') + 1);
    return disk.path.ends_with(end) && same_source(disk, file);
}

Result<> check_is_no_disk(const Disk& file, const Domain& domain, const domain::Definition* definition) {
    if (!definition) return {};
    for (const auto& disk : definition->disks)
        if (is_place_of(disk, file))
            return std::unexpected(is_data_of(in_quotes(file.path), {domain.name, disk.target}));
    return {};
}

std::filesystem::path images_folder(const Core& core) {
    return core.store.image_path({}).parent_path();
}

Result<> check_file_name(const Core& core, const std::filesystem::path& path) {
    if (path.lexically_normal().parent_path() == images_folder(core).lexically_normal())
        return std::unexpected(is_images_folder(path.string()));
    const Disk file{.source = Disk::Source::file, .path = path.string()};
    for (const auto& domain : core.registry.all()) {
        const auto* const stored = domain->stored ? &*domain->stored : nullptr;
        if (auto none = check_is_no_disk(file, *domain, stored); !none) return none;
        for (const auto* const claimed : claims(*domain))
            if (auto none = check_is_no_disk(file, *domain, claimed); !none) return none;
    }
    return {};
}

/// What a guest has opened it goes on with, whatever is at that path by now.
Result<> check_is_not_open(const Registry& registry, const std::string& path, const FileIdentity& target) {
    for (const auto& domain : registry.running())
        for (const auto& disk : domain->life->definition.disks) {
            const auto file = domain->disk_files.find(disk.path);
            if (hypervisor::is_served_here(disk) && file != domain->disk_files.end() &&
                file->second == target)
                return std::unexpected(is_data_of(in_quotes(path, disk.path), {domain->name, disk.target}));
        }
    return {};
}

/// Of all domains, whether they run or not, by path.
std::map<std::string, DataOwner> data_of_all(const Registry& registry) {
    std::map<std::string, DataOwner> all;
    const auto add = [&all](const Domain& domain, const domain::Definition& definition) {
        for (const auto& disk : definition.disks)
            if (hypervisor::is_served_here(disk)) all.try_emplace(disk.path, domain.name, disk.target);
    };
    for (const auto& domain : registry.all()) {
        if (domain->stored) add(*domain, *domain->stored);
        for (const auto* const claimed : claims(*domain))
            if (claimed) add(*domain, *claimed);
    }
    return all;
}

/// Of a disk whose storage does not answer its name has to do: that is no reason to keep a guest from being
/// saved elsewhere.
Task<Result<>> check_is_no_data(const Core& core, std::string path, FileIdentity target, CancelToken cancel) {
    if (auto good = check_is_not_open(core.registry, path, target); !good) co_return good;
    const auto owners = data_of_all(core.registry);
    std::vector<std::string> paths;
    for (const auto& [disk, owner] : owners)
        paths.push_back(disk);
    const auto files = co_await core.hypervisor.identify_files(std::move(paths), cancel);
    if (cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    auto file = files.begin();
    for (const auto& [disk, owner] : owners) {
        const auto& found = *file++;
        if (!found)
            log::warning("whether {} is disk {} of domain '{}' goes by its name alone: {}", in_quotes(path),
                         to_string(owner.disk), owner.domain, found.error().message);
        else if (*found == target)
            co_return std::unexpected(is_data_of(in_quotes(path, disk), owner));
    }
    co_return Result<>{};
}

}  // namespace

Task<Result<>> check_file_place(const Core& core, std::filesystem::path path, CancelToken cancel) {
    if (auto good = check_file_name(core, path); !good) co_return good;
    std::vector<std::string> looked_at{path.string(), path.parent_path().string(),
                                       images_folder(core).string()};
    const auto found = co_await core.hypervisor.identify_files(std::move(looked_at), cancel);
    const auto& target = found[0];
    const auto& folder = found[1];
    const auto& images = found[2];
    if (!target || !folder) {
        const auto& why = (target ? folder : target).error();
        co_return fail(why.reason, "{} cannot be looked at: {}", in_quotes(path.string()), why.message);
    }
    if (images && *folder && *folder == *images) co_return std::unexpected(is_images_folder(path.string()));
    if (!*target) co_return Result<>{};
    co_return co_await check_is_no_data(core, path.string(), **target, std::move(cancel));
}

}  // namespace virtlight::manager
