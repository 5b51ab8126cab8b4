// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace virtlight::domain {

enum class BootDevice { disk, cdrom, network, floppy };

/// Whether it can be a bootloader: an absolute path or a name, in one line.
inline bool is_bootloader(std::string_view text) {
    const bool relative = text.contains('/') && !text.starts_with('/');
    return !relative && text.find_first_of("\r\n") == text.npos;
}

/// What an HVM guest starts with.
enum class Firmware { chosen, bios, efi };

/// How a guest boots: from a kernel that is handed over directly, from one that a bootloader of dom0 finds on
/// its first disk (PV, PVH), or by its firmware from one of its devices (HVM).
struct Boot {
    std::string kernel{};   ///< path in dom0, or, for a bootloader, on the guest's disk; empty: none given
    std::string initrd{};   ///< as kernel; may be empty
    std::string cmdline{};  ///< may be empty

    std::string bootloader{};  ///< a path of dom0, or the name of one of Xen's own; empty: none. Not of HVM
    std::vector<std::string> bootloader_args{};  ///< words without blanks

    std::vector<BootDevice> order{};  ///< tried one after the other; of HVM alone, which has at least one
    Firmware firmware = Firmware::chosen;
    std::string loader{};  ///< path in dom0 of that firmware (bios: of hvmloader); empty: Xen's own

    bool operator==(const Boot&) const = default;
};

}  // namespace virtlight::domain
