// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "domain/device.hpp"
#include "manager/affects.hpp"
#include "manager/devices.hpp"

/// How much a guest may send through a network interface.
namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::MacAddress;
using domain::Nic;

namespace {

/// Null: there is no such one.
Nic* find_nic(Definition& definition, const MacAddress& mac) {
    const auto found = std::ranges::find(definition.nics, mac, &Nic::mac);
    return found == definition.nics.end() ? nullptr : &*found;
}

Result<> limit(Definition& definition, const MacAddress& mac, unsigned rate_kib) {
    auto* const nic = find_nic(definition, mac);
    if (!nic)
        return fail(Reason::no_device, "domain '{}' has no network interface {}", definition.name,
                    to_string(mac));
    nic->rate_kib = rate_kib;
    return {};
}

}  // namespace

/// The interface may be another one in the definition than in the guest, which goes on: only its rate is
/// changed there.
Task<Result<>> Devices::set_nic_rate(DomainRef domain, MacAddress mac, unsigned rate_kib, Affects asked,
                                     hypervisor::Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const Change change = [mac, rate_kib](Definition& definition) {
        return limit(definition, mac, rate_kib);
    };
    Nic limited;
    if (affects->guest) {
        auto after = domain->life->definition;
        if (auto good = change(after); !good) co_return good;
        limited = *find_nic(after, mac);
    }
    Act act = [this, limited, operation](hypervisor::DomId domid) {
        return core_.hypervisor.update(domid, limited, operation);
    };
    co_return co_await carry_out(domain, *affects, {change, change}, std::move(act), std::nullopt);
}

}  // namespace virtlight::manager
