// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/guest_files.hpp"

#include <optional>
#include <utility>

#include "hypervisor/definition_files.hpp"
#include "hypervisor/disk_files.hpp"
#include "xenlight/boot_files.hpp"

namespace virtlight::xenlight {
namespace {

using async::Task;
using domain::Definition;

/// A folder may be where a file system is mounted, which the folder that it is in has nothing to do with.
std::string place_of_named(const hypervisor::NamedFile& file) {
    return file.is_folder ? file.path : place_of(file.path);
}

}  // namespace

Task<std::vector<std::string>> look_for_missing_files(FileLooks& looks, Definition definition) {
    using Why = std::optional<std::string>;
    const auto files = hypervisor::named_files(definition);
    std::vector<FileLooks::Look<Why>> wanted;
    for (const auto& file : files)
        wanted.push_back(
            {place_of_named(file), [file] { return Result<Why>(hypervisor::why_missing(file)); }});
    const auto answers = co_await looks.look_at_each(std::move(wanted), {});
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& why = answers[i];
        if (!why)
            missing.push_back(to_words(files[i], why.error().message));
        else if (*why)
            missing.push_back(**why);
    }
    co_return missing;
}

Task<Result<bool>> look_for_stale_firmware(FileLooks& looks, Definition definition,
                                           async::CancelToken cancel) {
    if (definition.boot.loader.empty()) co_return false;
    auto place = place_of(definition.boot.loader);
    co_return co_await looks.look(
        std::move(place),
        [definition = std::move(definition)] {
            return Result<bool>(hypervisor::has_stale_firmware(definition));
        },
        std::move(cancel));
}

Task<Result<bool>> look_for_stale_emulator(FileLooks& looks, Definition definition,
                                           async::CancelToken cancel) {
    if (definition.emulator.empty()) co_return false;
    auto place = place_of(definition.emulator);
    co_return co_await looks.look(
        std::move(place),
        [definition = std::move(definition)] {
            return Result<bool>(hypervisor::has_stale_emulator(definition));
        },
        std::move(cancel));
}

Task<Result<>> check_guest_files(FileLooks& looks, Definition definition, bool boots,
                                 async::CancelToken cancel) {
    std::vector<FileLooks::Look<void>> wanted;
    if (boots) {
        auto files = boot_files(definition);
        if (!files) co_return std::unexpected(std::move(files.error()));
        for (auto& file : *files)
            wanted.push_back({place_of(file.path), std::move(file.check)});
    }
    for (const auto& disk : definition.disks)
        if (hypervisor::is_served_here(disk))
            wanted.push_back(
                {place_of(disk.path), [disk] { return hypervisor::check_disk_files({&disk, 1}); }});
    auto answers = co_await looks.look_at_each(std::move(wanted), std::move(cancel));
    for (auto& answer : answers)
        if (!answer) co_return std::move(answer);
    co_return Result<>{};
}

}  // namespace virtlight::xenlight
