// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <tuple>

#include "libvirt/messages.hpp"

/// As messages.hpp, of kinds of objects that this daemon does not have: what clients name when they look for
/// one, and the list of all.
namespace virtlight::libvirt {

/// As the ListAll procedures answer it.
struct EmptyList {
    std::uint32_t items = 0;
    std::uint32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.items, self.count); }
    bool operator==(const EmptyList&) const = default;
};

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
