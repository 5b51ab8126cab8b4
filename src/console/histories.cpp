// SPDX-License-Identifier: LGPL-2.1-or-later
#include "console/histories.hpp"

#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/file.hpp"
#include "base/limits.hpp"

namespace virtlight::console {
namespace {

namespace fs = std::filesystem;

std::optional<HistoryKey> key_of(const std::string& file) {
    const auto dot = file.find('.');
    const auto uuid = Uuid::parse(file.substr(0, dot));
    const bool whole = dot != file.npos && file.find('.', dot + 1) == file.npos;  // no temporary file
    if (!uuid || !whole) return std::nullopt;
    return HistoryKey{*uuid, file.substr(dot + 1)};
}

std::vector<fs::path> files_in(const fs::path& folder, std::vector<std::string>& problems) {
    std::vector<fs::path> files;
    std::error_code refused;
    for (fs::directory_iterator at(folder, refused), end; !refused && at != end; at.increment(refused)) {
        if (files.size() == limits::console_histories) {
            problems.push_back(fmt::format("{}: there are more than {} files, and the others are not read",
                                           folder.string(), limits::console_histories));
            break;
        }
        files.push_back(at->path());
    }
    if (refused && refused != std::errc::no_such_file_or_directory)
        problems.push_back(fmt::format("{}: {}", folder.string(), refused.message()));
    return files;
}

}  // namespace

fs::path history_path(const fs::path& folder, const HistoryKey& key) {
    return folder / fmt::format("{}.{}", to_string(key.uuid), key.console);
}

KeptHistories read_histories(const fs::path& folder, const HistorySize& size) {
    KeptHistories kept;
    for (const auto& file : files_in(folder, kept.problems)) {
        auto key = key_of(file.filename().string());
        if (!key) continue;
        // It may have been written when more was kept: what is too much is cut.
        const auto longest = Ring::longest_image(HistorySize::of(limits::console_history_max));
        const auto image = read_file(file, longest);
        auto ring = image ? Ring::from_image(*image, size) : Result<Ring>(std::unexpected(image.error()));
        if (ring)
            kept.histories.push_back({*std::move(key), *std::move(ring)});
        else
            kept.problems.push_back(fmt::format("{}: {}", file.string(), ring.error().message));
    }
    return kept;
}

}  // namespace virtlight::console
