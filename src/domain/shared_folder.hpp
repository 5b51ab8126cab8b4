// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/words.hpp"

namespace virtlight::domain {

/// A folder of dom0 that the guest can mount, over 9pfs.
struct SharedFolder {
    /// What becomes of owners and modes that the guest gives its files.
    enum class Access {
        passthrough,  ///< they are those of dom0's files
        mapped,       ///< they are kept in extended attributes
        squash        ///< as passthrough, and what dom0 refuses is overlooked; all that xl has
    };

    std::string tag{};   ///< by which the guest mounts it; no other of the guest has it
    std::string path{};  ///< absolute, in one line
    Access access = Access::passthrough;

    bool operator==(const SharedFolder&) const = default;
};

/// As QEMU, and so Xen and xl, call them.
inline constexpr Word<SharedFolder::Access> security_models[] = {
    {"none", SharedFolder::Access::squash},
    {"passthrough", SharedFolder::Access::passthrough},
    {"mapped", SharedFolder::Access::mapped},
};

/// Adds one. unsupported_config: it cannot be; invalid_argument: its tag is taken, or there are too many.
Result<> add_shared_folder(std::vector<SharedFolder>& folders, SharedFolder folder);

}  // namespace virtlight::domain
