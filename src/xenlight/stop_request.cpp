// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/stop_request.hpp"

#include <utility>

#include <fmt/format.h>

namespace virtlight::xenlight {

std::string stop_request(hypervisor::DomId domid) {
    return fmt::format("/local/domain/{}/control/shutdown", domid);
}

Result<bool> take_back(Context& context, hypervisor::DomId domid, const std::string& word) {
    auto withdrawn = context.xenstore().withdraw(stop_request(domid), word);
    if (!withdrawn || *withdrawn) return withdrawn;
    return context.xenstore().read(stop_request(domid)) != "";
}

}  // namespace virtlight::xenlight
