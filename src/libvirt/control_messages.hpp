// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/messages.hpp"

/// What the procedures are called with that act on a guest, or say what is to follow on its end; as
/// messages.hpp.
namespace virtlight::libvirt {

struct LifecycleActionArgs {
    Domain dom;
    std::uint32_t type = 0;
    std::uint32_t action = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.type, self.action, self.flags); }
    bool operator==(const LifecycleActionArgs&) const = default;
};

struct SendKeyArgs {
    Domain dom;
    std::uint32_t codeset = 0;
    std::uint32_t held_ms = 0;  ///< 0: as long as one does who types
    std::vector<std::uint32_t> keycodes;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.dom, self.codeset, self.held_ms, self.keycodes, self.flags);
    }
    bool operator==(const SendKeyArgs&) const = default;
};

}  // namespace virtlight::libvirt
