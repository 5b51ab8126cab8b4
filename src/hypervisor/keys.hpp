// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.hpp"

namespace virtlight::hypervisor {

/// Keys of a PC's keyboard that are pressed together.
struct KeyPress {
    /// As a keyboard numbers them in the first of its sets, with the highest bit set where it sends 0xe0
    /// before: what QEMU and libvirt call a qnum.
    std::vector<std::uint8_t> keys{};
    milliseconds held{};  ///< zero: as long as one does who types
};

/// The letter or digit that is pressed with Alt and SysRq, which a Linux takes for a request to its kernel.
/// Empty: others are pressed.
std::optional<char> sysrq_of(const KeyPress& press);

}  // namespace virtlight::hypervisor
