// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string_view>
#include <utility>

#include "domain/device_kinds.hpp"

/// Disks and CD drives as devices.
namespace virtlight::domain::kinds {
namespace {

/// The first thing in which it would be attached otherwise than now.
std::string_view difference(const Disk& now, const Disk& wanted) {
    const std::pair<std::string_view, bool> parts[] = {
        {"the 'cache' of its <driver>", now.direct_io == wanted.direct_io},
        {"the 'discard' of its <driver>", now.discard == wanted.discard},
        {"its <backenddomain>", now.backend_domain == wanted.backend_domain},
        {"its <shareable>", now.shareable == wanted.shareable},
    };
    for (const auto& [part, same] : parts)
        if (!same) return part;
    return "how it is attached";
}

}  // namespace

bool same_place(const Disk& one, const Disk& other) {
    return one.target == other.target;
}

std::string named(const Disk& disk) {
    return "disk " + to_string(disk.target);
}

void settle(const Definition& definition, Disk& disk) {
    disk = as_served(std::move(disk), definition.type);
}

Result<> add(Definition& definition, Disk disk) {
    settle(definition, disk);
    if (auto good = check_disk(disk, definition.type); !good) return good;
    return add_disk(definition.disks, std::move(disk), definition.type);
}

Result<Disk> place(const Definition& running, Disk disk) {
    if (auto good = check_unplug(running, disk); !good) return std::unexpected(std::move(good.error()));
    return disk;
}

/// What a device model emulates is there from its start to its end.
Result<> check_unplug(const Definition& running, const Disk& disk) {
    const bool emulated = disk.device == Disk::Device::cdrom || disk.target.bus != DiskBus::xen;
    if (running.type != GuestType::hvm || !emulated) return {};
    return fail(
        Reason::unsupported_operation,
        "disk {} of an HVM guest is emulated, and cannot come or go while the guest runs; a disk on bus "
        "'xen' can, as xvde",
        to_string(disk.target));
}

/// What is in a CD drive can be changed, and nothing else.
Result<> check_change(const Definition& running, const Disk& now, const Disk& wanted) {
    const bool drive = now.device == Disk::Device::cdrom && wanted.device == Disk::Device::cdrom;
    if (!drive || running.type != GuestType::hvm)
        return fail(
            Reason::unsupported_operation,
            "disk {} cannot be changed while the guest runs; only what is in a CD drive of an HVM guest can",
            to_string(now.target));
    auto with_this_medium = now;
    with_this_medium.source = wanted.source;
    with_this_medium.path = wanted.path;
    with_this_medium.format = wanted.format;
    with_this_medium.backend = wanted.backend;  // the device model serves it in any case
    if (with_this_medium == wanted) return {};
    return fail(Reason::unsupported_operation,
                "only what is in CD drive {} can be changed while the guest runs, not {}",
                to_string(now.target), difference(now, wanted));
}

}  // namespace virtlight::domain::kinds
