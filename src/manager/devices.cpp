// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/devices.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "manager/affects.hpp"
#include "manager/disk_use.hpp"
#include "manager/host_device_use.hpp"
#include "manager/mac_use.hpp"
#include "manager/networks.hpp"
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

/// What this domain has of the host with this device alone.
Definition alone(const Domain& domain, const Device& device) {
    Definition definition{.uuid = domain.uuid, .type = domain.life->definition.type};
    if (const auto* const disk = std::get_if<domain::Disk>(&device)) definition.disks = {*disk};
    if (const auto* const nic = std::get_if<domain::Nic>(&device)) definition.nics = {*nic};
    if (const auto* const pci = std::get_if<domain::PciDevice>(&device)) definition.pci_devices = {*pci};
    if (const auto* const usb = std::get_if<domain::UsbDevice>(&device)) definition.usb.devices = {*usb};
    return definition;
}

/// Whether what serves a device that is coming is free for this domain's guest, which is there after it.
Task<Result<>> require_free(Core& core, DomainRef domain, async::CancelToken cancel) {
    const auto coming = domain->coming;
    const auto life = domain->life->id;
    if (auto free = check_macs_are_free(core.registry, *coming); !free) co_return free;
    if (auto free = check_host_devices_are_free(core, *coming); !free) co_return free;
    if (auto free = co_await require_free_disks(core, domain, *coming, std::move(cancel)); !free)
        co_return free;
    if (domain->life && domain->life->id == life) co_return Result<>{};
    co_return fail(Reason::invalid_state, "domain is not running any more");
}

/// A device as this domain's guest, which is there after it, is to get it now: on the bridge of its network.
Task<Result<Device>> on_its_network(Core& core, DomainRef domain, Device device, Operation operation) {
    const auto* const nic = std::get_if<domain::Nic>(&device);
    if (!nic || nic->kind != domain::Nic::Kind::network) co_return device;
    const auto life = domain->life->id;
    operation.tell_stage(hypervisor::Stage::asking_for_bridges);
    auto nics = co_await find_bridges(core, domain, {*nic}, operation.cancel);
    if (!nics) co_return std::unexpected(std::move(nics.error()));
    if (!domain->life || domain->life->id != life)
        co_return fail(Reason::invalid_state, "domain is not running any more");
    operation.tell_stage(hypervisor::Stage::unnamed);
    co_return std::move(nics->front());
}

/// Nobody else gets what serves a device that is on its way to this domain's guest.
class Coming {
 public:
    Coming(DomainRef domain, const Device& device) : domain_(std::move(domain)) {
        domain_->coming = std::make_shared<const Definition>(alone(*domain_, device));
    }
    Coming(const Coming&) = delete;
    Coming& operator=(const Coming&) = delete;
    ~Coming() { domain_->coming.reset(); }

 private:
    DomainRef domain_;
};

/// Nobody else gets what serves the device as long as this domain's guest lives.
void claim(Domain& domain, const Device& device) {
    auto more = alone(domain, device);
    auto& claimed = domain.life->may_come;
    if (!claimed) {
        claimed = std::move(more);
        return;
    }
    const auto add = [](auto& to, const auto& from) {
        for (const auto& one : from)
            if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    };
    add(claimed->disks, more.disks);
    add(claimed->nics, more.nics);
    add(claimed->pci_devices, more.pci_devices);
    add(claimed->usb.devices, more.usb.devices);
}

void forget_claim(Life& life, const Device& device) {
    if (!life.may_come || !domain::remove_device(*life.may_come, device)) return;
    if (domain::all_devices(*life.may_come).empty()) life.may_come.reset();
}

void forget_taken(Domain& domain, const domain::PciDevice& device) {
    if (domain.life) std::erase(domain.life->pci_taken, device.address);
}

/// Whether a device is with this guest, or nobody can tell.
bool may_have(const Domain& domain, hypervisor::LifeId life, const Device& device) {
    if (!domain.life || domain.life->id != life) return false;
    return domain.life->noted == Held::devices || domain::find_device(domain.life->definition, device);
}

}  // namespace

Task<Result<>> Devices::attach(DomainRef domain, Device device, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    if (affects->guest && domain::is_medium(domain->life->definition, device)) {
        Change add = [device](Definition& stored) { return domain::add_device(stored, device); };
        co_return co_await replace(domain, device, *affects, std::move(add), operation);
    }
    auto placed = device;
    std::optional<Coming> coming;
    if (affects->guest) {
        const auto on_bridge = co_await on_its_network(core_, domain, device, operation);
        if (!on_bridge) co_return std::unexpected(on_bridge.error());
        auto there = domain::placed(domain->life->definition, *on_bridge);
        if (!there) co_return std::unexpected(std::move(there.error()));
        placed = *std::move(there);
        coming.emplace(domain, placed);
        if (auto free = co_await require_free(core_, domain, operation.cancel); !free) co_return free;
    }
    Changes add{.guest = [placed](Definition& guest) { return domain::add_device(guest, placed); },
                .definition = [device](Definition& stored) { return domain::add_device(stored, device); }};
    const auto life = domain->life ? domain->life->id : hypervisor::LifeId();
    const auto giving = std::make_shared<Giving>(Giving{.domain = domain, .life = life, .device = placed});
    Act act = [this, giving, operation](DomId domid) { return give(giving, domid, operation); };
    auto attached = co_await carry_out(domain, *affects, std::move(add), std::move(act),
                                       domain::DeviceAdded{domain::alias_of(placed)});
    if (!giving->answer) co_return attached;
    const auto* const pci = std::get_if<domain::PciDevice>(&placed);
    if (pci && pci->managed) co_await settle_taken(domain, life, *pci, attached, giving->given_up());
    co_return attached;
}

bool Devices::Giving::given_up() const {
    return answer && !*answer && answer->error().reason == Reason::timed_out;
}

/// What was given up is claimed before anybody looks: should it have come, it is about to be removed. Of what
/// the guest has got none may still come: it would have been refused.
Task<Result<>> Devices::give(std::shared_ptr<Giving> giving, DomId domid, Operation operation) {
    giving->answer = co_await core_.hypervisor.attach(domid, giving->device, std::move(operation));
    if (giving->given_up() && giving->lives()) claim(*giving->domain, giving->device);
    if (*giving->answer && giving->lives()) forget_claim(*giving->domain->life, giving->device);
    co_return *giving->answer;
}

/// What its guest certainly has not got goes back to the host at once, and all else with the guest. Where the
/// definition does not say so, that is to be remembered.
Task<> Devices::settle_taken(DomainRef domain, hypervisor::LifeId life, domain::PciDevice device,
                             Result<> attached, bool given_up) {
    const bool lives = domain->life && domain->life->id == life;
    // What was given up may still come.
    const bool may_come = lives && (given_up || may_have(*domain, life, device));
    if (!may_come) co_await give_back_unused(core_, domain->uuid, {device});
    if (!domain->life || domain->life->id != life) co_return;
    const auto before = domain->life->pci_taken;
    forget_taken(*domain, device);
    const bool told = attached && domain->life->ours;
    if (may_come && !told) domain->life->pci_taken.push_back(device.address);
    if (domain->life->pci_taken != before)
        co_await note_change(core_, domain, "which PCI devices were taken for it");
}

Task<Result<>> Devices::detach(DomainRef domain, DeviceNamed named, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    const auto device = find(affects->guest ? domain->life->definition : *domain->stored, named);
    if (!device) co_return std::unexpected(device.error());
    if (affects->guest)
        if (auto good = domain::check_live_unplug(domain->life->definition, *device); !good) co_return good;
    const Change remove = [gone = *device](Definition& definition) {
        return domain::remove_device(definition, gone);
    };
    Act act = [this, domain, gone = *device, operation](DomId domid) {
        return take_away(domain, domid, gone, operation);
    };
    const auto alias = domain::alias_of(*device);
    const auto life = domain->life ? domain->life->id : hypervisor::LifeId();
    auto detached =
        co_await carry_out(domain, *affects, {remove, remove}, std::move(act), domain::DeviceRemoved{alias});
    const bool asked_guest = affects->guest && domain->life && domain->life->id == life;
    if (!detached && asked_guest && detached.error().reason == Reason::timed_out &&
        may_have(*domain, life, *device))
        core_.tell(*domain, domain::DeviceRemovalFailed{alias});
    co_return detached;
}

Task<Result<>> Devices::take_away(DomainRef domain, DomId domid, Device device, Operation operation) {
    operation.tell_stage(hypervisor::Stage::asking_guest);
    auto taken = co_await core_.hypervisor.detach(domid, device, operation);
    // Another tool has taken it away.
    if (!taken && taken.error().reason == Reason::no_device) {
        log::notice("{}: it has gone before", taken.error().message);
        taken = {};
    }
    const auto* const pci = std::get_if<domain::PciDevice>(&device);
    if (!taken || !pci || !pci->managed) co_return taken;
    co_await give_back(core_, domain->uuid, *pci, operation);
    forget_taken(*domain, *pci);
    co_return taken;
}

Task<Result<>> Devices::update(DomainRef domain, Device device, Affects asked, Operation operation) {
    const auto affects = settle(*domain, asked);
    if (!affects) co_return std::unexpected(affects.error());
    Change stored = [device](Definition& definition) { return domain::replace_device(definition, device); };
    co_return co_await replace(domain, device, *affects, std::move(stored), operation);
}

namespace {

/// Another medium in the same drive; empty: it is another change, or none.
std::optional<domain::EventKind> medium_changed(const Device& before, const Device& after) {
    const auto* const had = std::get_if<domain::Disk>(&before);
    const auto* const has = std::get_if<domain::Disk>(&after);
    if (!had || !has || had->path == has->path) return std::nullopt;
    return domain::MediumChanged{domain::alias_of(after), !has->path.empty()};
}

}  // namespace

Task<Result<>> Devices::replace(DomainRef domain, Device device, Affects affects, Change stored,
                                Operation operation) {
    auto changed = device;
    std::optional<Coming> coming;
    std::optional<domain::EventKind> told;
    if (affects.guest) {
        const auto& guest = domain->life->definition;
        if (auto good = domain::check_live_change(guest, device); !good) co_return good;
        auto after = guest;
        if (auto good = domain::replace_device(after, device); !good) co_return good;
        changed = *domain::find_device(after, device);
        told = medium_changed(*domain::find_device(guest, device), changed);
        coming.emplace(domain, changed);
        if (auto free = co_await require_free(core_, domain, operation.cancel); !free) co_return free;
    }
    Changes changes{.guest = [device](Definition& guest) { return domain::replace_device(guest, device); },
                    .definition = std::move(stored)};
    Act act = [this, changed, operation](DomId domid) {
        return core_.hypervisor.update(domid, changed, operation);
    };
    co_return co_await carry_out(domain, affects, std::move(changes), std::move(act), std::move(told));
}

Task<Result<>> Devices::carry_out(DomainRef domain, Affects affects, Changes changes, Act act,
                                  std::optional<domain::EventKind> told) {
    if (affects.guest) {
        auto tried = domain->life->definition;
        if (auto good = changes.guest(tried); !good) co_return good;
    }
    std::optional<Definition> wanted;
    if (affects.definition) {
        wanted = *domain->stored;
        if (auto good = changes.definition(*wanted); !good) co_return good;
    }
    std::function<Task<Result<>>()> in_guest;
    if (affects.guest)
        in_guest = [this, domain, change = std::move(changes.guest), act = std::move(act),
                    told = std::move(told)] { return change_guest(domain, change, act, told); };
    co_return co_await change_both(core_, domain, std::move(wanted), std::move(in_guest));
}

}  // namespace virtlight::manager
