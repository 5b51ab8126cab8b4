// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <rapidcheck.h>

#include "domain/channel.hpp"
#include "domain/definition.hpp"

/// rapidcheck's source of aliases that a user gives to some of a definition's devices.

namespace virtlight::domain::arbitrary {

/// The names that devices have which have no value of their own for it.
inline std::vector<std::string> own_names(const Definition& d) {
    std::vector<std::string> names = {"balloon0", "xenbus0", "video0"};
    for (const auto& console : d.consoles) {
        const auto* const kind = is_channel(console)                         ? "channel"
                                 : console.target == Console::Target::serial ? "serial"
                                                                             : "console";
        names.push_back(kind + std::to_string(console.port));
    }
    for (std::size_t place = 0; place < d.shared_folders.size(); ++place)
        names.push_back("fs" + std::to_string(place));
    for (std::size_t place = 0; place < d.usb_inputs.size(); ++place)
        names.push_back("input" + std::to_string(place));
    if (d.sound) names.emplace_back("sound0");
    if (d.graphics.any() || d.type == GuestType::hvm) names.insert(names.end(), {"mouse", "keyboard"});
    if (d.type == GuestType::hvm) names.insert(names.end(), {"ide0", "scsi0"});
    return names;
}

/// Some of all that there could be.
inline void add_aliases(Definition& d) {
    unsigned given = 0;
    const auto next = [&] {
        return "ua-" + *rc::gen::element<std::string>("disk_", "A-", "7") + std::to_string(given++);
    };
    const auto chosen = [] { return *rc::gen::inRange(0, 4) == 0; };
    const auto name_some = [&](auto& devices) {
        for (auto& device : devices)
            if (chosen()) device.alias = next();
    };
    name_some(d.disks);
    name_some(d.nics);
    name_some(d.pci_devices);
    name_some(d.usb.controllers);
    name_some(d.usb.devices);
    for (const auto& name : own_names(d))
        if (chosen()) d.aliases.emplace(name, next());
}

}  // namespace virtlight::domain::arbitrary
