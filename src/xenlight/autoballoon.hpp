// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace virtlight::xenlight {

/// Whether dom0 is asked for memory that a guest needs and the host has not free.
enum class Autoballoon {
    automatic,  ///< unless Xen was told how much dom0 is to have
    on,
    off,
};

/// `command_line` is Xen's own.
bool dom0_gives_memory(Autoballoon wanted, std::string_view command_line);

}  // namespace virtlight::xenlight
