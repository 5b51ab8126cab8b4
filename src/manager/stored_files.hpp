// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "manager/store.hpp"

/// Where the file store has what, for those that write it and read it. `folder` is that of the store.
namespace virtlight::manager {

inline constexpr std::string_view definition_suffix = ".xml";
inline constexpr std::string_view image_suffix = ".image";
inline constexpr std::string_view aside_suffix = ".used";
inline constexpr std::string_view old_suffix = ".old";

inline std::filesystem::path domain_file(const std::filesystem::path& folder, Uuid uuid) {
    return folder / "domains" / (to_string(uuid) + std::string(definition_suffix));
}
/// Links to the definitions of those that are started with the host: at each boot of it, at the next alone.
inline constexpr std::string_view each_boot = "autostart";
inline constexpr std::string_view next_boot = "autostart-once";

inline std::filesystem::path autostart_link(const std::filesystem::path& folder, std::string_view links,
                                            Uuid uuid) {
    return folder / links / (to_string(uuid) + std::string(definition_suffix));
}
inline std::filesystem::path autostart_mark(const std::filesystem::path& folder) {
    return folder / "autostarted";
}
inline std::filesystem::path image_file(const std::filesystem::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(image_suffix));
}
inline std::filesystem::path aside_file(const std::filesystem::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(aside_suffix));
}
inline std::filesystem::path old_file(const std::filesystem::path& folder, Uuid uuid) {
    return folder / "saved" / (to_string(uuid) + std::string(old_suffix));
}
inline std::filesystem::path life_file(const std::filesystem::path& folder, Uuid uuid) {
    return folder / "running" / (to_string(uuid) + std::string(definition_suffix));
}

inline bool is_link(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_symlink(std::filesystem::symlink_status(path, ignored));
}

/// What a disk in trouble does not let be looked at is not gone.
inline bool is_gone(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::status(path, ignored).type() == std::filesystem::file_type::not_found;
}

/// All that is stored, once its folders are made. Blocks. What is wrong with a file is among the content's
/// problems, and the file is left alone. io: a folder cannot be made, or images cannot be listed. `boot`: as
/// FileStore has it.
Result<Store::Content> load_store(const std::filesystem::path& folder, std::string_view boot);

}  // namespace virtlight::manager
