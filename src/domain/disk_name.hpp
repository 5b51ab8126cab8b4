// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace virtlight::domain {

/// What a guest finds a disk on: Xen's own bus, or hardware that its device model emulates.
enum class DiskBus { xen, ide, scsi };

/// Where a guest finds a disk: "xvda", "hdc", "sdb1". Ordered by the place, whatever the bus is.
struct DiskName {
    unsigned index = 0;      ///< 0 is "a", 26 is "aa"
    unsigned partition = 0;  ///< 0: the whole disk
    DiskBus bus = DiskBus::xen;

    auto operator<=>(const DiskName&) const = default;
};

/// xvd has indexes below 1,048,576 and partitions up to 255, hd below 4 and up to 63, sd below 16 and up
/// to 15. invalid_argument: any other name.
Result<DiskName> parse_disk_name(std::string_view text);
std::string to_string(const DiskName& name);

/// The number by which Xen knows the disk of this guest, unique among its disks.
std::uint32_t device_number(const DiskName& name);
/// The disk that has this number; empty: none has.
std::optional<DiskName> disk_of_number(std::uint32_t number);

/// An HVM guest's device model shows the first four of its disks on Xen's bus as IDE drives too: until the
/// guest has drivers of its own, xvda and hda are one and the same drive.
bool is_ide_drive(const DiskName& name);

}  // namespace virtlight::domain
