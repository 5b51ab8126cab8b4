// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xenlight/libxl.hpp"

namespace virtlight::fake {

/// One libxl context with what serves its events: the daemon's way of doing it, or another that the same
/// scenarios are played on. It has a thread that waits for events.
class Bridge {
 public:
    virtual ~Bridge() = default;

    /// Calls libxl in the way that is allowed here, and returns after it.
    virtual void call(const std::function<void(libxl_ctx*)>& call) = 0;
    /// Runs a step on the thread that waits for events, later.
    virtual void post(std::function<void()> step) = 0;
};

struct BridgeKind {
    std::string name;
    std::function<std::unique_ptr<Bridge>()> make;
};

/// The daemon's.
std::unique_ptr<Bridge> make_production_bridge();

}  // namespace virtlight::fake
