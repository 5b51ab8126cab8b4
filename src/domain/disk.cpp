// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/disk.hpp"

#include <algorithm>
#include <filesystem>

#include "base/limits.hpp"
#include "domain/definition.hpp"
#include "domain/text.hpp"

namespace virtlight::domain {
namespace {

std::string_view bus_word(DiskBus bus) {
    switch (bus) {
        case DiskBus::xen: return "xen";
        case DiskBus::ide: return "ide";
        case DiskBus::scsi: return "scsi";
    }
    return "xen";
}

/// Whether a path is its own shortest form, as nearly all are. To find that of one costs so much that a guest
/// could not be compared with thousands of others.
bool is_shortest(std::string_view path) {
    return path.starts_with('/') && !path.contains("//") && !path.contains("/.");
}

bool same_path(const std::string& one, const std::string& other) {
    if (one == other) return true;
    if (is_shortest(one) && is_shortest(other)) return false;
    return shortest_path(one) == shortest_path(other);
}

/// What the device model of an HVM guest cannot do.
Result<> check_emulated(const Disk& disk) {
    const auto name = to_string(disk.target);
    if (disk.path.contains(','))
        return fail(
            Reason::unsupported_config,
            "the path '{}' of disk {} has a comma, which the device model of an HVM guest would take for "
            "an option of its own",
            shown(disk.path), name);
    if (disk.device == Disk::Device::cdrom) {
        if (!is_ide_drive(disk.target) || disk.target.partition > 0)
            return fail(
                Reason::unsupported_config,
                "the CD drive {} cannot be emulated; allowed for an HVM guest are hda to hdd and xvda to "
                "xvdd",
                name);
        if (disk.backend == Disk::Backend::phy)
            return fail(
                Reason::unsupported_config,
                "the CD drive {} of an HVM guest is served by its device model: its driver is qemu, not "
                "phy",
                name);
    } else if (disk.readonly && is_ide_drive(disk.target)) {
        return fail(
            Reason::unsupported_config,
            "disk {} would be an IDE drive of the guest, and none of them can be read-only; allowed are "
            "sda to sdp, xvde and those after it, or a CD drive",
            name);
    }
    return {};
}

}  // namespace

std::string shortest_path(const std::string& path) {
    return is_shortest(path) ? path : std::filesystem::path(path).lexically_normal().string();
}

bool same_source(const Disk& one, const Disk& other) {
    return one.source != Disk::Source::none && other.source != Disk::Source::none &&
           one.backend_domain == other.backend_domain && same_path(one.path, other.path);
}

bool can_share(const Disk& one, const Disk& other) {
    return (one.readonly && other.readonly) || (one.shareable && other.shareable);
}

bool is_written_by_many(const Disk& disk) {
    return disk.shareable && !disk.readonly;
}

Disk::Backend backend_of(const Disk& disk) {
    const bool chosen = disk.backend == Disk::Backend::chosen;
    return chosen && is_written_by_many(disk) ? Disk::Backend::qemu : disk.backend;
}

Disk as_served(Disk disk, GuestType type) {
    const bool emulated = type == GuestType::hvm && disk.device == Disk::Device::cdrom;
    if (emulated && disk.backend == Disk::Backend::phy) disk.backend = Disk::Backend::chosen;
    return disk;
}

Result<> check_disk(const Disk& disk, GuestType type) {
    const auto name = to_string(disk.target);
    if (disk.source == Disk::Source::none && disk.device != Disk::Device::cdrom)
        return fail(Reason::unsupported_config, "disk {} has no source; only a CD drive can be empty", name);
    if (disk.backend == Disk::Backend::phy && disk.format != Disk::Format::raw)
        return fail(Reason::unsupported_config, "disk {} has driver phy, which serves the format raw only",
                    name);
    if (disk.backend == Disk::Backend::phy && is_written_by_many(disk))
        return fail(
            Reason::unsupported_config,
            "disk {} is shareable and has driver phy, whose hotplug script lets one guest write; its driver "
            "must be qemu, or none",
            name);
    return type == GuestType::hvm ? check_emulated(disk) : Result<>{};
}

Result<> add_seen_disk(std::vector<Disk>& disks, Disk disk, GuestType type) {
    const auto clashes = [&](const Disk& other) {
        if (other.target == disk.target) return true;
        return type == GuestType::hvm && is_ide_drive(other.target) && is_ide_drive(disk.target) &&
               other.target.index == disk.target.index && other.target.bus != disk.target.bus;
    };
    if (const auto other = std::ranges::find_if(disks, clashes); other != disks.end()) {
        const auto name = to_string(disk.target);
        if (other->target == disk.target)
            return fail(Reason::invalid_argument, "target '{}' duplicated: the guest has a disk there", name);
        return fail(Reason::invalid_argument,
                    "target '{}' is taken: an HVM guest finds it on the same IDE drive as its disk {}", name,
                    to_string(other->target));
    }
    const auto index = [](const Disk& other) { return other.target.index; };
    disks.insert(std::ranges::upper_bound(disks, index(disk), {}, index), std::move(disk));
    return {};
}

Result<> add_disk(std::vector<Disk>& disks, Disk disk, GuestType type) {
    if (disks.size() >= limits::disks)
        return fail(Reason::invalid_argument, "a guest can have {} disks", limits::disks);
    const auto shares = [&](const Disk& other) {
        return other.target != disk.target && same_source(other, disk) && !can_share(other, disk);
    };
    if (const auto other = std::ranges::find_if(disks, shares); other != disks.end())
        return fail(Reason::invalid_argument,
                    "disk {} has the source {}, as disk {} has: both would have to be read-only, or "
                    "shareable",
                    to_string(disk.target), shown(disk.path), to_string(other->target));
    return add_seen_disk(disks, std::move(disk), type);
}

std::string alias_of(const Disk& disk) {
    auto alias = fmt::format("{}-disk{}", bus_word(disk.target.bus), disk.target.index);
    if (disk.target.partition > 0) alias += fmt::format("p{}", disk.target.partition);
    return alias;
}

}  // namespace virtlight::domain
