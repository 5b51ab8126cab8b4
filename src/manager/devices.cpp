// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/devices.hpp"

#include <utility>

#include "base/log.hpp"
#include "manager/affects.hpp"
#include "manager/disk_use.hpp"
#include "manager/operations.hpp"

namespace virtlight::manager {

using async::Task;
using domain::Definition;
using domain::Device;
using hypervisor::DomId;
using hypervisor::Operation;

namespace {

Result<Device> find(const Definition& definition, const DeviceNamed& named) {
    return std::visit([&](const auto& like) { return domain::find_device(definition, like); }, named);
}

/// A change as it would be, so that what is refused is refused before anything has happened.
Result<> try_out(const std::function<Result<>(Definition&)>& change, Definition definition) {
    return change(definition);
}

/// Whether what serves it is free for this domain's guest.
Result<> check_free(const Core& core, const Domain& domain, const Device& device) {
    Definition alone{.uuid = domain.uuid, .type = domain.life->definition.type};
    if (auto added = domain::add_device(alone, device); !added) return added;
    return check_disks_are_free(core.registry, alone);
}

}  // namespace

Task<Result<>> Devices::attach(DomainRef domain, Device device, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest) {
        if (auto good = domain::check_live_plug(domain->life->definition, device); !good) co_return good;
        if (auto free = check_free(core_, *domain, device); !free) co_return free;
    }
    Change add = [device](Definition& definition) { return domain::add_device(definition, device); };
    Act act = [this, device, operation](DomId domid) {
        return core_.hypervisor.attach(domid, device, operation);
    };
    co_return co_await carry_out(domain, *affects, std::move(add), std::move(act),
                                 domain::DeviceAdded{domain::alias_of(device)});
}

Task<Result<>> Devices::detach(DomainRef domain, DeviceNamed named, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto device = find(affects->guest ? domain->life->definition : *domain->stored, named);
    if (!device) co_return std::unexpected(device.error());
    if (affects->guest)
        if (auto good = domain::check_live_plug(domain->life->definition, *device); !good) co_return good;
    Change remove = [gone = *device](Definition& definition) -> Result<> {
        if (auto there = domain::find_device(definition, gone); !there)
            return std::unexpected(std::move(there.error()));
        domain::remove_device(definition, gone);
        return {};
    };
    Act act = [this, gone = *device, operation](DomId domid) {
        return core_.hypervisor.detach(domid, gone, operation);
    };
    const auto alias = domain::alias_of(*device);
    const auto life = domain->life ? domain->life->id : hypervisor::LifeId();
    auto detached =
        co_await carry_out(domain, *affects, std::move(remove), std::move(act), domain::DeviceRemoved{alias});
    const bool asked_guest = affects->guest && domain->life && domain->life->id == life;
    if (!detached && asked_guest && detached.error().reason == Reason::timed_out)
        core_.tell(*domain, domain::DeviceRemovalFailed{alias});
    co_return detached;
}

Task<Result<>> Devices::update(DomainRef domain, Device device, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest) {
        if (auto good = domain::check_live_change(domain->life->definition, device); !good) co_return good;
        if (auto free = check_free(core_, *domain, device); !free) co_return free;
    }
    Change replace = [device](Definition& definition) { return domain::replace_device(definition, device); };
    Act act = [this, device, operation](DomId domid) {
        return core_.hypervisor.update(domid, device, operation);
    };
    co_return co_await carry_out(domain, *affects, std::move(replace), std::move(act), std::nullopt);
}

/// The store first: what is written there can be put back, what a guest has been given cannot be taken from
/// it without its leave.
Task<Result<>> Devices::carry_out(DomainRef domain, Affects affects, Change change, Act act,
                                  std::optional<domain::EventKind> told) {
    if (affects.guest)
        if (auto good = try_out(change, domain->life->definition); !good) co_return good;
    std::optional<Stored> wanted;
    if (affects.definition) {
        wanted = Stored{*domain->stored, domain->autostart};
        if (auto good = change(wanted->definition); !good) co_return good;
        if (auto written = co_await core_.store.save(*wanted); !written) co_return written;
    }
    if (affects.guest) {
        if (auto guest = require_guest(*domain); !guest) {
            if (wanted) co_await put_back(domain);
            co_return guest;
        }
        const auto life = domain->life->id;
        auto done = co_await act(domain->life->domid);
        if (!done) {
            if (wanted) co_await put_back(domain);
            co_return without_guest(std::move(done));
        }
        if (domain->life && domain->life->id == life) {
            std::ignore = change(domain->life->definition);
            co_await note_or_warn(core_, domain, "which devices it has");
            if (told) core_.tell(*domain, *told);
        }
    }
    if (wanted) {
        domain->stored = std::move(wanted->definition);
        core_.tell(*domain, domain::Defined::updated);
    }
    co_return Result<>{};
}

Task<> Devices::put_back(DomainRef domain) {
    const auto written = co_await core_.store.save({*domain->stored, domain->autostart});
    if (!written)
        log::warning("domain '{}': its definition has what its guest was refused, and cannot be put back: {}",
                     domain->name, written.error().message);
}

}  // namespace virtlight::manager
