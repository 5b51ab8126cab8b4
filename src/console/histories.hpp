// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "console/ring.hpp"

/// The histories of consoles as files, for the next start of the daemon: FOLDER/UUID.CONSOLE. All of this
/// blocks: not for the core thread.
namespace virtlight::console {

/// Whose history it is: of which domain, of which of its consoles ("console0").
struct HistoryKey {
    Uuid uuid{};
    std::string console{};

    auto operator<=>(const HistoryKey&) const = default;
};

struct KeptHistory {
    HistoryKey key;
    Ring ring;
};

struct KeptHistories {
    std::vector<KeptHistory> histories;
    std::vector<std::string> problems;  ///< what cannot be read, or is damaged: it is left alone
};

std::filesystem::path history_path(const std::filesystem::path& folder, const HistoryKey& key);

/// Reads all that are there. A folder that is missing is an empty one.
KeptHistories read_histories(const std::filesystem::path& folder, const HistorySize& size);

}  // namespace virtlight::console
