// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/uuid.hpp"
#include "domain/device.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/under_way.hpp"

namespace virtlight::xenlight {

/// A device that libxl gives to a guest.
struct Attach {
    hypervisor::DomId domid = 0;
    domain::Device device{};
    std::optional<Uuid> uuid{};  ///< of its guest when libxl began; the context's thread's
    bool given_up = false;       ///< libxl still works on it, though nobody waits for it any more
};

/// The attaches that libxl works on. Lives on the core thread.
class Attaches {
 public:
    std::shared_ptr<Attach> begin(hypervisor::DomId domid, domain::Device device) {
        return attaches_.begin({.domid = domid, .device = std::move(device)});
    }

    /// Whether an attach of such a device was given up, so that the device may come all the same.
    bool may_still_come(hypervisor::DomId domid, const domain::Device& device) const {
        return std::ranges::any_of(attaches_.all(), [&](const auto& attach) {
            return attach->given_up && attach->domid == domid && name_of(attach->device) == name_of(device);
        });
    }

 private:
    UnderWay<Attach> attaches_;
};

}  // namespace virtlight::xenlight
