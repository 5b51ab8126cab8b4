// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "libxl/bridge.hpp"

namespace virtlight::fake {

/// All bridges that scenarios can be played on, by name: the daemon's, a plain one that is right, and those
/// that are wrong and have to be caught.
const std::vector<BridgeKind>& bridge_kinds();

}  // namespace virtlight::fake
