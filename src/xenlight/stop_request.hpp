// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/context.hpp"
#include "xenlight/libxl.hpp"

namespace virtlight::xenlight {

/// Where Xen's tools ask a guest to stop, and it acknowledges by emptying the node.
std::string stop_request(hypervisor::DomId domid);

/// A request that libxl writes there, and waits with until the guest has acknowledged it.
struct StopRequest {
    const char* verb;  ///< "shut down"
    const char* word;  ///< that it writes
    int (*ask)(libxl_ctx*, std::uint32_t, const libxl_asyncop_how*);
};

/// After a request that was cut short: libxl leaves it there, and the guest would follow it whenever it gets
/// to it. It is taken back if it stands; what somebody else has asked since is left alone. False: the guest
/// has acknowledged it before that, and will follow it.
Result<bool> take_back(Context& context, hypervisor::DomId domid, const std::string& word);

}  // namespace virtlight::xenlight
