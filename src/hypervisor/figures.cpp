// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/figures.hpp"

#include <algorithm>

namespace virtlight::hypervisor {

bool FiguresWanted::of_domain(DomId domid) const {
    return of.empty() || std::ranges::binary_search(of, domid);
}

}  // namespace virtlight::hypervisor
