// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace virtlight::hypervisor {

/// What a guest's screen shows.
struct Picture {
    std::string type;   ///< as MIME names it
    std::string bytes;  ///< up to limits::picture_bytes

    bool operator==(const Picture&) const = default;
};

/// The type of a portable pixmap.
inline constexpr auto pixmap = "image/x-portable-pixmap";

}  // namespace virtlight::hypervisor
