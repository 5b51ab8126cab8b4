// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/disks.hpp"

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "domain/name.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Disk;

constexpr std::array disk_formats = {
    std::pair{Disk::Format::raw, LIBXL_DISK_FORMAT_RAW},
    std::pair{Disk::Format::qcow, LIBXL_DISK_FORMAT_QCOW},
    std::pair{Disk::Format::qcow2, LIBXL_DISK_FORMAT_QCOW2},
    std::pair{Disk::Format::vhd, LIBXL_DISK_FORMAT_VHD},
    std::pair{Disk::Format::qed, LIBXL_DISK_FORMAT_QED},
};

constexpr std::array disk_backends = {
    std::pair{Disk::Backend::chosen, LIBXL_DISK_BACKEND_UNKNOWN},
    std::pair{Disk::Backend::phy, LIBXL_DISK_BACKEND_PHY},
    std::pair{Disk::Backend::qemu, LIBXL_DISK_BACKEND_QDISK},
};

bool has_script(const libxl_device_disk& theirs) {
    return theirs.script && *theirs.script;
}

/// What xl may ask of a disk and a definition has no place for; empty: nothing.
std::string_view unknown_part(const libxl_device_disk& theirs) {
    if (has_script(theirs)) return "a block script";
    if (is_on(theirs.colo_enable, false)) return "COLO replication";
    if (!is_on(theirs.trusted, true)) return "a backend that is not trusted";
    if (theirs.specification == LIBXL_DISK_SPECIFICATION_VIRTIO) return "virtio";
    if (theirs.backend == LIBXL_DISK_BACKEND_TAP) return "blktap";
    if (theirs.backend == LIBXL_DISK_BACKEND_STANDALONE) return "a backend of its own";
    return {};
}

Result<Disk> read_disk(const libxl_device_disk& theirs) {
    const auto target = domain::parse_disk_name(text_of(theirs.vdev));
    if (!target) return fail(Reason::unsupported_config, "{}", target.error().message);
    Disk disk{
        .target = *target,
        .device = theirs.is_cdrom ? Disk::Device::cdrom : Disk::Device::disk,
        .path = text_of(theirs.pdev_path),
        .format = ours(disk_formats, theirs.format, Disk::Format::raw),
        .backend = ours(disk_backends, theirs.backend, Disk::Backend::chosen),
        .backend_domain = domain::other_domain(text_of(theirs.backend_domname)),
        .readonly = !theirs.readwrite,
        .direct_io = theirs.direct_io_safe,
    };
    if (!disk.path.empty())
        disk.source = disk.path.starts_with("/dev/") ? Disk::Source::block : Disk::Source::file;
    if (!libxl_defbool_is_default(theirs.discard_enable))
        disk.discard = libxl_defbool_val(theirs.discard_enable);
    return disk;
}

}  // namespace

void write_disk(const Disk& disk, libxl_device_disk& theirs) {
    const bool cdrom = disk.device == Disk::Device::cdrom;
    theirs.vdev = copy(to_string(disk.target));
    theirs.pdev_path = copy(disk.path);
    theirs.format =
        disk.source == Disk::Source::none ? LIBXL_DISK_FORMAT_EMPTY : xens(disk_formats, disk.format);
    theirs.backend = xens(disk_backends, backend_of(disk));
    theirs.backend_domname = copy(disk.backend_domain);
    theirs.is_cdrom = cdrom;
    theirs.removable = cdrom;
    theirs.readwrite = !disk.readonly;
    theirs.direct_io_safe = disk.direct_io;
    if (disk.discard) libxl_defbool_set(&theirs.discard_enable, *disk.discard);
}

void write_disks(const domain::Definition& definition, libxl_domain_config& config) {
    if (definition.disks.empty()) return;
    config.disks = allocate<libxl_device_disk>(definition.disks.size());
    for (const auto& disk : definition.disks) {
        auto& theirs = config.disks[config.num_disks++];
        libxl_device_disk_init(&theirs);
        write_disk(disk, theirs);
    }
}

std::vector<Disk> read_disks(const libxl_domain_config& config, domain::GuestType type) {
    std::vector<Disk> disks;
    for (const auto& theirs : std::span(config.disks, static_cast<std::size_t>(config.num_disks))) {
        if (has_script(theirs)) continue;  // its path is that script's, and not a file's
        auto disk = read_disk(theirs);
        if (disk && check_disk(*disk, type)) std::ignore = add_seen_disk(disks, std::move(*disk), type);
    }
    return disks;
}

Result<> check_disks(const libxl_domain_config& config, domain::GuestType type) {
    std::vector<Disk> disks;
    for (const auto& theirs : std::span(config.disks, static_cast<std::size_t>(config.num_disks))) {
        auto disk = read_disk(theirs);
        if (!disk) return std::unexpected(std::move(disk.error()));
        if (const auto unknown = unknown_part(theirs); !unknown.empty())
            return fail(Reason::unsupported_config, "disk {} has {}, which is not supported",
                        text_of(theirs.vdev), unknown);
        if (auto good = check_disk(*disk, type); !good) return good;
        if (auto added = add_disk(disks, std::move(*disk), type); !added) return added;
    }
    return {};
}

}  // namespace virtlight::xenlight
