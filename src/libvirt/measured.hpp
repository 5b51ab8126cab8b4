// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "hypervisor/figures.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// What was measured of domains, by the domain whose life they are of. A domid alone may be another's by now.
class Measured {
 public:
    explicit Measured(std::vector<hypervisor::DomainFigures> figures) : by_domid_(std::move(figures)) {
        std::ranges::sort(by_domid_, {}, domid);
    }
    /// Null: the domain does not run, or was not measured.
    const hypervisor::DomainFigures* of(const manager::DomainInfo& info) const {
        const auto found = std::ranges::lower_bound(by_domid_, info.domid, {}, domid);
        return found != by_domid_.end() && domid(*found) == info.domid && found->seen.uuid == info.uuid
                   ? &*found
                   : nullptr;
    }

 private:
    static int domid(const hypervisor::DomainFigures& figures) {
        return static_cast<int>(figures.seen.domid);
    }

    std::vector<hypervisor::DomainFigures> by_domid_;
};

}  // namespace virtlight::libvirt
