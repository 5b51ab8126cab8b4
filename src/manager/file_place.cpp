// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/file_place.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "async/timing.hpp"
#include "base/limits.hpp"
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

/// What a guest that runs has opened is known. Its path may lead to another file by now, as after a move, but
/// hardly to one on another file system: that of its own, which may not answer, need not be asked.
bool may_lead_to(const Domain& domain, const Disk& disk, const FileIdentity& target) {
    const auto known = domain.disk_files.find(disk.path);
    if (!domain.life || known == domain.disk_files.end() || !known->second) return true;
    return known->second->device == target.device && (target.device || known->second->host == target.host);
}

/// What does not answer for one file here does not for others, either; each device answers for itself.
std::string answering_for(const std::string& path) {
    return path.starts_with("/dev/") ? path : std::filesystem::path(path).parent_path().string();
}

/// Looks for a file among the data of all domains, whether they run or not: there may be thousands, so that a
/// few are asked for at a time. Of a disk whose storage does not answer its name has to do: that is no reason
/// to keep a guest from being saved elsewhere.
class DataSearch {
 public:
    DataSearch(const Core& core, std::string path, FileIdentity target)
        : core_(core),
          path_(std::move(path)),
          target_(target),
          due_(core.scheduler.now() + limits::file_look) {}

    Task<Result<>> run(CancelToken cancel);

 private:
    struct DataFile {
        std::string path;
        DataOwner owner;
    };

    void add(const Domain& domain);
    void add(const Domain& domain, const domain::Definition& definition);
    Task<Result<>> look(CancelToken cancel);
    void take_by_name(const DataFile& file, const Error& why);

    const Core& core_;
    std::string path_;
    FileIdentity target_;
    Time due_;
    std::vector<DataFile> files_{};  ///< to be asked for next
    std::set<std::string> added_{};
    std::set<std::string> silent_{};  ///< where nothing has answered
};

Task<Result<>> DataSearch::run(CancelToken cancel) {
    const auto domains = core_.registry.all();
    for (std::size_t i = 0; i < domains.size(); ++i) {
        if (i > 0 && i % limits::restored_per_step == 0) co_await async::give_way(core_.scheduler);
        add(*domains[i]);
        const bool last = i + 1 == domains.size();
        if (files_.size() < (last ? 1 : limits::others_files)) continue;
        if (core_.scheduler.now() >= due_) {
            log::warning(
                "whether {} is a disk of another domain goes by its name alone: storage does not answer",
                in_quotes(path_));
            co_return Result<>{};
        }
        if (auto good = co_await look(cancel); !good) co_return good;
    }
    co_return Result<>{};
}

void DataSearch::add(const Domain& domain) {
    if (domain.stored) add(domain, *domain.stored);
    for (const auto* const claimed : claims(domain))
        if (claimed) add(domain, *claimed);
}

void DataSearch::add(const Domain& domain, const domain::Definition& definition) {
    for (const auto& disk : definition.disks)
        if (hypervisor::is_served_here(disk) && may_lead_to(domain, disk, target_) &&
            !silent_.contains(answering_for(disk.path)) && added_.insert(disk.path).second)
            files_.push_back({disk.path, {domain.name, disk.target}});
}

Task<Result<>> DataSearch::look(CancelToken cancel) {
    const auto files = std::exchange(files_, {});
    std::vector<std::string> paths;
    for (const auto& file : files)
        paths.push_back(file.path);
    async::CancelSource enough;
    const async::Deadline deadline(core_.scheduler, core_.scheduler.now() + limits::others_look, enough);
    const auto unwanted = cancel.on_cancel([enough]() mutable { enough.cancel(); });
    const auto found = co_await core_.hypervisor.identify_files(std::move(paths), enough.token());
    if (cancel.cancelled()) co_return fail(Reason::cancelled, "cancelled");
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!found[i])
            take_by_name(files[i], found[i].error());
        else if (*found[i] == target_)
            co_return std::unexpected(is_data_of(in_quotes(path_, files[i].path), files[i].owner));
    }
    co_return Result<>{};
}

void DataSearch::take_by_name(const DataFile& file, const Error& why) {
    const bool silent = why.reason == Reason::cancelled || why.reason == Reason::timed_out;
    if (silent && !silent_.insert(answering_for(file.path)).second) return;
    log::warning("whether {} is disk {} of domain '{}' goes by its name alone: {}", in_quotes(path_),
                 to_string(file.owner.disk), file.owner.domain,
                 why.reason == Reason::cancelled ? "its storage does not answer" : why.message);
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
    if (auto good = check_is_not_open(core.registry, path.string(), **target); !good) co_return good;
    DataSearch search(core, path.string(), **target);
    co_return co_await search.run(std::move(cancel));
}

}  // namespace virtlight::manager
