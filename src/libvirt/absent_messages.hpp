// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "libvirt/messages.hpp"

/// What clients name when they look for something of which there is none here.
namespace virtlight::libvirt {

struct SecretUsage {
    std::int32_t usage_type = 0;
    std::string usage_id;

    auto fields(this auto& self) { return std::tie(self.usage_type, self.usage_id); }
    bool operator==(const SecretUsage&) const = default;
};

struct Volume {
    std::string pool;
    std::string name;
    std::string key;

    auto fields(this auto& self) { return std::tie(self.pool, self.name, self.key); }
    bool operator==(const Volume&) const = default;
};

struct VolumeOfPoolArgs {
    NamedUuid pool;
    std::string name;

    auto fields(this auto& self) { return std::tie(self.pool, self.name); }
    bool operator==(const VolumeOfPoolArgs&) const = default;
};

}  // namespace virtlight::libvirt
