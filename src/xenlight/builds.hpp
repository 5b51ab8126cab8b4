// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/uuid.hpp"
#include "domain/pci.hpp"
#include "xenlight/under_way.hpp"

namespace virtlight::xenlight {

/// A domain that libxl is making.
struct Build {
    Uuid uuid{};
    std::vector<domain::PciDevice> pci_devices{};
    std::uint64_t memory_kib = 0;  ///< what was found for it of the host's memory, and is to be left to it
    bool given_up = false;         ///< libxl still works on it, though nobody waits for it any more
};

/// The domains that libxl is making. Lives on the core thread.
class Builds {
 public:
    std::shared_ptr<Build> begin(const Uuid& uuid, std::vector<domain::PciDevice> pci_devices = {}) {
        return builds_.begin({.uuid = uuid, .pci_devices = std::move(pci_devices)});
    }

    std::vector<Build> under_way() const {
        std::vector<Build> all;
        for (const auto& build : builds_.all())
            all.push_back(*build);
        return all;
    }

    /// Those that nobody waits for any more. What libxl makes of them is about to be removed, and is shown to
    /// nobody.
    std::vector<Uuid> given_up() const {
        std::vector<Uuid> uuids;
        for (const auto& build : builds_.all())
            if (build->given_up) uuids.push_back(build->uuid);
        return uuids;
    }

    /// Whether one that was given up is to have this device of the host, and may be taking it from its
    /// driver.
    bool may_still_take(const domain::PciAddress& address) const {
        const auto is_it = [&](const domain::PciDevice& device) { return device.address == address; };
        return std::ranges::any_of(builds_.all(), [&](const auto& build) {
            return build->given_up && std::ranges::any_of(build->pci_devices, is_it);
        });
    }

 private:
    UnderWay<Build> builds_;
};

}  // namespace virtlight::xenlight
