// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_use.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "domain/text.hpp"
#include "manager/others.hpp"

/// Who uses which disk. Paths tell much at once; but a file has many of them, so that it is looked what they
/// lead to: of a guest's own disks whenever it is to get them, of those of others once in their lives, as a
/// guest keeps the file that it has opened.
namespace virtlight::manager {
namespace {

using async::Task;
using domain::Definition;
using domain::Disk;

bool is_file_here(const Disk& disk) {
    return disk.source != Disk::Source::none && disk.backend_domain.empty();
}

std::optional<hypervisor::FileIdentity> file_of(const Domain& domain, const Disk& disk) {
    const auto found = is_file_here(disk) ? domain.disk_files.find(disk.path) : domain.disk_files.end();
    return found == domain.disk_files.end() ? std::nullopt : found->second;
}

std::string by_which_name(const Disk& disk, const Disk& used) {
    return disk.path == used.path ? std::string()
                                  : fmt::format(" (by the name {})", domain::shown(used.path));
}

/// A guest's disks by what others may have them by, too: there may be thousands of these, of which each is
/// looked up instead of being compared with all.
class OwnDisks {
 public:
    OwnDisks(const Domain& domain, const Definition& definition) : domain_(domain) {
        for (const auto& disk : definition.disks) {
            if (disk.source == Disk::Source::none) continue;
            by_path_.emplace(domain::shortest_path(disk.path), &disk);
            if (const auto file = file_of(domain, disk)) by_file_.emplace(key_of(*file), &disk);
        }
    }

    /// By what is known. Of the domain itself another disk is meant.
    Result<> check_against(const Domain& other, const Definition& has) const {
        const bool itself = &domain_ == &other;
        for (const auto& used : has.disks)
            for (const auto* const disk : same_as(other, used)) {
                if ((itself && disk->target == used.target) || can_share(*disk, used)) continue;
                return fail(
                    Reason::operation_failed,
                    "the source {} of disk {} is used by domain '{}' as its disk {}{}; both would have to "
                    "be read-only, or <shareable/>",
                    disk->path, to_string(disk->target), other.name, to_string(used.target),
                    by_which_name(*disk, used));
            }
        return {};
    }

 private:
    using FileKey = std::tuple<bool, std::uint64_t, std::uint64_t>;

    static FileKey key_of(const hypervisor::FileIdentity& file) {
        return {file.device, file.host, file.inode};
    }

    /// Own ones that lead to the same source, by their paths or by their files.
    std::vector<const Disk*> same_as(const Domain& other, const Disk& used) const {
        std::vector<const Disk*> same;
        if (by_path_.empty() || used.source == Disk::Source::none) return same;
        for (auto [at, end] = by_path_.equal_range(domain::shortest_path(used.path)); at != end; ++at)
            if (same_source(*at->second, used)) same.push_back(at->second);
        const auto file = file_of(other, used);
        if (!file) return same;
        for (auto [at, end] = by_file_.equal_range(key_of(*file)); at != end; ++at)
            same.push_back(at->second);
        return same;
    }

    const Domain& domain_;
    std::unordered_multimap<std::string, const Disk*> by_path_;
    std::multimap<FileKey, const Disk*> by_file_;
};

Result<> check(const Registry& registry, const Domain& domain, const Definition& definition) {
    const OwnDisks disks(domain, definition);
    for (const auto* const own : claims(domain))
        if (own)
            if (auto good = explained(domain, *own, disks.check_against(domain, *own)); !good) return good;
    return check_others(registry, domain.uuid, [&](const Domain& other, const Definition& has) {
        return disks.check_against(other, has);
    });
}

std::vector<std::string> paths_of(const Definition& definition) {
    std::vector<std::string> paths;
    for (const auto& disk : definition.disks)
        if (is_file_here(disk)) paths.push_back(disk.path);
    return paths;
}

struct Unknown {
    DomainRef domain;
    std::string path;
};

/// Of others, which were found running or have got another medium.
std::vector<Unknown> unknown_files(const Registry& registry, Uuid uuid) {
    std::vector<Unknown> unknown;
    for (const auto& domain : registry.all()) {
        if (domain->uuid == uuid) continue;
        for (const auto* const has : claims(*domain))
            for (auto& path : has ? paths_of(*has) : std::vector<std::string>())
                if (!domain->disk_files.contains(path)) unknown.emplace_back(domain, std::move(path));
    }
    return unknown;
}

/// What does not answer is asked again the next time; by then it may answer, or not be waited for.
Task<> learn_of_others(Core& core, Uuid uuid, async::CancelToken cancel) {
    const auto unknown = unknown_files(core.registry, uuid);
    if (unknown.empty()) co_return;
    std::vector<std::string> paths;
    for (const auto& one : unknown)
        paths.push_back(one.path);
    const auto files = co_await core.hypervisor.identify_files(std::move(paths), cancel);
    for (std::size_t i = 0; i < unknown.size(); ++i) {
        const auto& [domain, path] = unknown[i];
        if (files[i])
            domain->disk_files.try_emplace(path, *files[i]);
        else if (!cancel.cancelled())
            log::warning(
                "what the disk '{}' of domain '{}' is is not known, and who else uses it goes by its "
                "path alone: {}",
                path, domain->name, files[i].error().message);
    }
}

}  // namespace

Result<Disk> find_disk(const Definition& definition, std::string_view disk) {
    for (const auto& each : definition.disks)
        if (to_string(each.target) == disk || (!disk.empty() && each.path == disk)) return each;
    return fail(Reason::invalid_argument, "invalid path '{}': domain '{}' has no such disk",
                domain::shown(disk), definition.name);
}

Task<Result<>> require_free_disks(Core& core, DomainRef domain, Definition definition,
                                  async::CancelToken cancel) {
    if (!domain->life) domain->disk_files.clear();  // of an earlier life
    if (auto free = check(core.registry, *domain, definition); !free) co_return free;
    const auto paths = paths_of(definition);
    if (paths.empty()) co_return Result<>{};
    auto files = co_await core.hypervisor.identify_files(paths, cancel);
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (!files[i]) {
            auto why = std::move(files[i].error());
            why.message = fmt::format("cannot look at its disks: {}", why.message);
            co_return std::unexpected(std::move(why));
        }
        domain->disk_files[paths[i]] = *files[i];
    }
    co_return co_await require_disks_still_free(core, domain, std::move(definition), std::move(cancel));
}

Task<Result<>> require_disks_still_free(Core& core, DomainRef domain, Definition definition,
                                        async::CancelToken cancel) {
    if (definition.disks.empty()) co_return Result<>{};
    co_await learn_of_others(core, domain->uuid, cancel);
    if (cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    co_return check(core.registry, *domain, definition);
}

}  // namespace virtlight::manager
