// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/shared_folder.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {

Result<> add_shared_folder(std::vector<SharedFolder>& folders, SharedFolder folder) {
    if (folder.tag.empty() || folder.tag.size() > limits::mount_tag_bytes || !is_line(folder.tag))
        return fail(Reason::unsupported_config,
                    "the tag of a shared folder must be 1 to {} bytes in one line, not '{}'",
                    limits::mount_tag_bytes, shown(folder.tag));
    if (!folder.path.starts_with('/') || folder.path.size() > limits::path_bytes || !is_line(folder.path))
        return fail(
            Reason::unsupported_config,
            "shared folder '{}' must be the absolute path of a folder, up to {} bytes in one line, not '{}'",
            shown(folder.tag), limits::path_bytes, shown(folder.path));
    if (folders.size() >= limits::shared_folders)
        return fail(Reason::invalid_argument, "a guest can have {} shared folders", limits::shared_folders);
    if (std::ranges::find(folders, folder.tag, &SharedFolder::tag) != folders.end())
        return fail(Reason::invalid_argument, "the guest has a shared folder '{}' already",
                    shown(folder.tag));
    folders.push_back(std::move(folder));
    return {};
}

}  // namespace virtlight::domain
