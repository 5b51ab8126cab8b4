// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <tuple>

#include "libvirt/absent_messages.hpp"

namespace virtlight::libvirt {

/// Which bytes of a volume are to go through a stream.
struct VolumeDataArgs {
    Volume volume;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  ///< 0: up to the end
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.volume, self.offset, self.length, self.flags); }
    bool operator==(const VolumeDataArgs&) const = default;
};

}  // namespace virtlight::libvirt
