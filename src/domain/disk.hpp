// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/disk_name.hpp"

namespace virtlight::domain {

enum class GuestType;

/// A disk or a CD drive of a guest.
struct Disk {
    enum class Device { disk, cdrom };
    /// What the path names. Xen looks for itself; it is kept because clients tell the two apart.
    enum class Source { none, file, block };
    enum class Format { raw, qcow, qcow2, vhd, qed };
    /// Who serves it in the backend domain: the kernel (phy; a file through a loop device), a QEMU (qdisk),
    /// or which of them Xen chooses.
    enum class Backend { chosen, phy, qemu };

    DiskName target{};  ///< where the guest finds it; no other disk of the guest is there
    Device device = Device::disk;
    Source source = Source::none;  ///< none: an empty CD drive
    std::string path{};            ///< absolute, in the backend domain; empty with Source::none
    Format format = Format::raw;
    Backend backend = Backend::chosen;
    std::string backend_domain{};   ///< name of the domain that serves it; empty: Domain-0
    bool readonly = false;          ///< always, of a CD drive
    bool shareable = false;         ///< other guests may use it at the same time
    bool direct_io = false;         ///< a QEMU goes past dom0's page cache
    std::optional<bool> discard{};  ///< the guest may give blocks back; empty: Xen's default, if it can write
    std::string alias{};            ///< that the user gave it; empty: it has its own

    bool operator==(const Disk&) const = default;
};

/// Why none has its source on a server.
inline constexpr std::string_view no_network_disks =
    "who serves disks to Xen's guests opens files and block devices of its own host only; map the source "
    "there first (rbd map, nbd-client, iscsiadm), and name its block device";

/// The path by the shortest of the names that it tells by itself ("/srv//x/../disk": "/srv/disk").
std::string shortest_path(const std::string& path);

/// Whether they name the same source, as far as their paths tell: not if one goes by a link.
bool same_source(const Disk& one, const Disk& other);

/// Whether both can be in use, should they have the same source: each is read-only, or each shareable.
bool can_share(const Disk& one, const Disk& other);

/// Whether other guests may write to it at the same time.
bool is_written_by_many(const Disk& disk);

/// Who is asked to serve it: what it says, and a QEMU where many write and it does not say. The kernel's
/// backend comes with a hotplug script that lets one guest write.
Disk::Backend backend_of(const Disk& disk);

/// As a guest of this type is served it. virt-install says phy of each block device, also of what is in a CD
/// drive, which the device model of an HVM guest serves.
Disk as_served(Disk disk, GuestType type);

/// Whether a guest of this type can have the disk. unsupported_config: says what cannot be, and what can.
Result<> check_disk(const Disk& disk, GuestType type);

/// Adds a disk, in the order of targets' letters; those of one letter, as partitions are, stay in the order
/// in which they come: a bootloader looks at the first disk of all. invalid_argument: another one has its
/// place, or its source, or there are limits::disks. The disk is one that check_disk() approves of.
Result<> add_disk(std::vector<Disk>& disks, Disk disk, GuestType type);
/// The same of a guest that another tool has made, whose disks may have their sources in common.
Result<> add_seen_disk(std::vector<Disk>& disks, Disk disk, GuestType type);

/// The name of a disk in a running guest's XML and in events: "xen-disk0" for xvda, "ide-disk2" for hdc,
/// "xen-disk0p1" for xvda1.
std::string alias_of(const Disk& disk);

}  // namespace virtlight::domain
