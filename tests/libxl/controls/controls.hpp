// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>
#include <vector>

#include "libxl/bridge.hpp"

namespace virtlight::fake {

/// All bridges that scenarios can be played on, by name: the daemon's, those that are right in another way,
/// and those that are wrong and have to be caught.
const std::vector<BridgeKind>& bridge_kinds();
/// The one of this name; the program ends if there is none.
const BridgeKind& named_bridge(std::string_view name);

}  // namespace virtlight::fake
