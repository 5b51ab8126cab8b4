// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/device_kinds.hpp"

/// Network interfaces as devices. They are known by their MAC addresses.
namespace virtlight::domain::kinds {

bool same_place(const Nic& one, const Nic& other) {
    return one.mac == other.mac;
}

std::string named(const Nic& nic) {
    return "network interface " + to_string(nic.mac);
}

/// Its devid is the lowest that is free unless it has one that is.
Result<> add(Definition& definition, Nic nic) {
    auto& nics = definition.nics;
    if (auto good = check_nic(nic, definition.type); !good) return good;
    if (std::ranges::find(nics, nic.devid, &Nic::devid) != nics.end()) nic.devid = free_devid(nics);
    if (auto good = check_beside(nic, nics); !good) return good;
    nics.push_back(std::move(nic));
    return {};
}

void inherit(const Nic& before, Nic& nic) {
    nic.devid = before.devid;
    if (nic.model.empty()) nic.model = before.model;
    keep_found_bridge(before, nic);
}

/// A vif is all that can come to a guest that runs.
Result<Nic> place(const Definition& running, Nic nic) {
    nic.devid = free_devid(running.nics);
    if (running.type == GuestType::hvm && nic.model.empty()) nic.model = paravirtual_nic;
    if (!is_emulated(nic, running.type)) return nic;
    return fail(Reason::unsupported_operation,
                "{} would be emulated as '{}', and cannot come while the guest runs; one of model '{}' can",
                named(nic), nic.model, paravirtual_nic);
}

/// What the backend finds in xenstore while it serves the vif, and whether its interface is up.
Result<> check_change(const Definition&, const Nic& now, const Nic& wanted) {
    auto changed = now;
    changed.rate_kib = wanted.rate_kib;
    changed.link_down = wanted.link_down;
    auto asked = wanted;
    inherit(now, asked);
    if (changed == asked) return {};
    return fail(Reason::unsupported_operation,
                "of {} only the bandwidth and the link can be changed while the guest runs", named(now));
}

}  // namespace virtlight::domain::kinds
