// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <memory>

#include "domain/pci.hpp"
#include "xenlight/under_way.hpp"

namespace virtlight::xenlight {

/// A PCI device of the host gets another driver, or is reset. A driver that is in use may not let go of it
/// for as long as it likes.
struct PciChange {
    domain::PciAddress address{};
    bool given_up = false;  ///< the kernel still works on it, though nobody waits for it any more
};

/// The changes that the kernel works on. Lives on the core thread.
class PciChanges {
 public:
    std::shared_ptr<PciChange> begin(const domain::PciAddress& address) {
        return changes_.begin({.address = address});
    }

    /// Whether a change of this device was given up, and may happen all the same.
    bool may_still_change(const domain::PciAddress& address) const {
        return std::ranges::any_of(changes_.all(), [&](const auto& change) {
            return change->given_up && change->address == address;
        });
    }

 private:
    UnderWay<PciChange> changes_;
};

}  // namespace virtlight::xenlight
