// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/uuid.hpp"
#include "domain/device.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::xenlight {

/// A device that libxl gives to a guest.
struct Attach {
    hypervisor::DomId domid = 0;
    domain::Device device{};
    std::optional<Uuid> uuid{};  ///< of its guest when libxl began; the context's thread's
    bool given_up = false;       ///< libxl still works on it, though nobody waits for it any more
};

/// All of them. Each is there until libxl is done with it, and for as long as something of it has to be
/// removed: whoever does that holds it, on whatever thread. Otherwise the core's.
class Attaches {
 public:
    std::shared_ptr<Attach> begin(hypervisor::DomId domid, domain::Device device) {
        std::erase_if(attaches_, [](const auto& attach) { return attach.expired(); });
        const auto attach = std::make_shared<Attach>(Attach{.domid = domid, .device = std::move(device)});
        attaches_.push_back(attach);
        return attach;
    }

    /// Whether one of such a device was given up, and may have it come all the same.
    bool may_still_come(hypervisor::DomId domid, const domain::Device& device) const {
        return std::ranges::any_of(attaches_, [&](const auto& each) {
            const auto attach = each.lock();
            return attach && attach->given_up && attach->domid == domid &&
                   name_of(attach->device) == name_of(device);
        });
    }

 private:
    std::vector<std::weak_ptr<Attach>> attaches_;
};

}  // namespace virtlight::xenlight
