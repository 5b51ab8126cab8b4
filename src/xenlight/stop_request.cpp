// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/stop_request.hpp"

#include <utility>

#include <fmt/format.h>

namespace virtlight::xenlight {

std::string stop_request(hypervisor::DomId domid) {
    return fmt::format("/local/domain/{}/control/shutdown", domid);
}

Result<bool> take_back(Context& context, hypervisor::DomId domid, const std::string& word) {
    const auto held = context.xenstore().withdraw(stop_request(domid), word);
    if (!held) return std::unexpected(held.error());
    return *held != "";
}

}  // namespace virtlight::xenlight
