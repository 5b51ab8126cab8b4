// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/same_guest.hpp"

#include <algorithm>
#include <string_view>

namespace virtlight::domain {
namespace {

bool same_consoles(const Definition& saved, const Definition& wanted) {
    return std::ranges::equal(saved.consoles, wanted.consoles, [](const Console& one, const Console& other) {
        return one.target == other.target && one.port == other.port && one.name == other.name;
    });
}

/// What is in a drive, and which file serves it, may have changed meanwhile.
bool same_disks(const Definition& saved, const Definition& wanted) {
    return std::ranges::equal(saved.disks, wanted.disks, [](const Disk& one, const Disk& other) {
        return one.target == other.target && one.device == other.device && one.readonly == other.readonly;
    });
}

/// What the guest knows of them; where they are connected may change.
bool same_nics(const Definition& saved, const Definition& wanted) {
    return std::ranges::equal(saved.nics, wanted.nics, [](const Nic& one, const Nic& other) {
        return one.mac == other.mac && one.devid == other.devid && one.model == other.model;
    });
}

}  // namespace

Result<> check_same_guest(const Definition& saved_guest, const Definition& wanted_guest) {
    const auto saved = without_aliases(saved_guest);
    const auto wanted = without_aliases(wanted_guest);
    const std::pair<std::string_view, bool> parts[] = {
        {"name", saved.name == wanted.name},
        {"uuid", saved.uuid == wanted.uuid},
        {"type", saved.type == wanted.type},
        {"maximum memory", saved.memory_max_kib == wanted.memory_max_kib},
        {"maximum number of vCPUs", saved.vcpus_max == wanted.vcpus_max},
        {"<features>", saved.features == wanted.features},
        {"clock", saved.clock == wanted.clock && saved.clock_adjustment == wanted.clock_adjustment},
        {"processor or timers", saved.platform == wanted.platform},
        {"NUMA cells", saved.numa == wanted.numa},
        {"settings", saved.settings == wanted.settings},
        {"arguments of the device model", saved.emulator_args == wanted.emulator_args},
        {"disks", same_disks(saved, wanted)},
        {"network interfaces", same_nics(saved, wanted)},
        {"consoles", same_consoles(saved, wanted)},
        {"video", saved.video == wanted.video},
        {"input devices", saved.usb_inputs == wanted.usb_inputs},
        {"sound card", saved.sound == wanted.sound},
        {"shared folders", saved.shared_folders == wanted.shared_folders},
        {"PCI devices", saved.pci_devices == wanted.pci_devices},
        {"USB devices", saved.usb == wanted.usb},
    };
    for (const auto& [what, same] : parts) {
        if (!same)
            return fail(Reason::unsupported_config,
                        "the guest was saved with another {}, and cannot go on with that of the XML", what);
    }
    return {};
}

}  // namespace virtlight::domain
