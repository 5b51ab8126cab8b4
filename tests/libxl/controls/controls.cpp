// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/controls/controls.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "libxl/controls/bridge_of_2012.hpp"
#include "libxl/controls/plain_bridge.hpp"
#include "libxl/controls/poll_bridge.hpp"

namespace virtlight::fake {
namespace {

BridgeKind plain(std::string name, PlainBridge::Mistake mistake) {
    return {std::move(name), [mistake] { return std::make_unique<PlainBridge>(mistake); }};
}

}  // namespace

const std::vector<BridgeKind>& bridge_kinds() {
    using Mistake = PlainBridge::Mistake;
    static const std::vector<BridgeKind> kinds = {
        {"production", make_production_bridge},
        plain("plain", Mistake::none),
        {"polls", [] { return std::make_unique<PollBridge>(); }},
        {"of-2012", [] { return std::make_unique<BridgeOf2012>(); }},
        plain("delivers-twice", Mistake::delivers_twice),
        plain("trusts-the-wall-clock", Mistake::trusts_the_wall_clock),
        plain("asks-by-the-wall-clock", Mistake::asks_by_the_wall_clock),
        plain("leaves-aborts-be", Mistake::leaves_aborts_be),
        plain("leaves-removal-to-close", Mistake::leaves_removal_to_close),
        plain("forgets-the-first", Mistake::forgets_the_first),
    };
    return kinds;
}

const BridgeKind& named_bridge(std::string_view name) {
    const auto found = std::ranges::find(bridge_kinds(), name, &BridgeKind::name);
    if (found != bridge_kinds().end()) return *found;
    std::fprintf(stderr, "there is no bridge %s\n", name.data());
    std::exit(EXIT_FAILURE);
}

}  // namespace virtlight::fake
