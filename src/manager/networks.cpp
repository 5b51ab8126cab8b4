// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/networks.hpp"

#include <map>
#include <utility>

#include "base/log.hpp"
#include "manager/core.hpp"

namespace virtlight::manager {

using async::CancelToken;
using async::Task;
using domain::Nic;

namespace {

bool is_silence(const Error& error) {
    return error.reason == Reason::io || error.reason == Reason::timed_out ||
           error.reason == Reason::too_many;
}

Task<Result<std::string>> ask_for_bridge(Core& core, std::string network, CancelToken cancel) {
    if (!core.networks)
        co_return fail(Reason::no_support,
                       "the bridge of network '{}' is not known: nobody here knows networks", network);
    co_return co_await core.networks->bridge_of(std::move(network), std::move(cancel));
}

/// A guest that reboots is not to be off because others are.
void tell_that_it_is_kept(Core& core, const Domain& domain, const Nic& nic, const Error& why) {
    const auto what = fmt::format("network interface {} stays on bridge '{}', as before: {}",
                                  to_string(nic.mac), nic.bridge, why.message);
    log::warning("domain '{}': {}", domain.name, what);
    core.timeline.note(domain, what);
}

}  // namespace

Task<Result<std::vector<Nic>>> find_bridges(Core& core, DomainRef domain, std::vector<Nic> nics,
                                            CancelToken cancel) {
    std::map<std::string, std::string> found;
    bool silent = false;
    for (auto& nic : nics) {
        if (nic.kind != Nic::Kind::network) continue;
        if (const auto known = found.find(nic.network); known != found.end()) {
            nic.bridge = known->second;
            continue;
        }
        // Nobody is waited for again and again.
        if (silent && !nic.bridge.empty()) continue;
        auto bridge = co_await ask_for_bridge(core, nic.network, cancel);
        if (!bridge) {
            if (nic.bridge.empty() || cancel.cancelled())
                co_return std::unexpected(std::move(bridge.error()));
            tell_that_it_is_kept(core, *domain, nic, bridge.error());
            silent = is_silence(bridge.error());
        }
        nic.bridge = std::move(bridge).value_or(nic.bridge);
        if (auto good = check_connection(nic); !good) co_return std::unexpected(std::move(good.error()));
        found.emplace(nic.network, nic.bridge);
    }
    co_return nics;
}

}  // namespace virtlight::manager
