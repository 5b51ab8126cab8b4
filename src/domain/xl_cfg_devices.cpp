// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/limits.hpp"
#include "domain/xl_cfg_options.hpp"
#include "domain/xl_cfg_specs.hpp"

// What devices a guest has.

namespace virtlight::domain {
namespace {

using Target = Console::Target;

/// One port is a text, several are a list. A port that is "none" is not there, as no other is behind it.
void read_serial(const XlAt& at, Definition& definition) {
    if (definition.type != GuestType::hvm) return at.unsupported("only HVM guests have serial ports");
    unsigned port = 0;
    for (const auto& item : at.items()) {
        const auto& backend = item.text();
        if (backend == "none") continue;
        if (backend != "pty")
            return at.unsupported("a serial port can be 'pty' here, not '{}'", shown(backend));
        if (port == limits::serial_ports)
            return at.unsupported("a guest can have {} serial ports", limits::serial_ports);
        definition.consoles.push_back({Target::serial, port++});
    }
}

void write_serial(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> ports;
    for (const auto& console : definition.consoles)
        if (console.target == Target::serial) ports.emplace_back("pty");
    writer.texts("serial", ports);
}

constexpr XlOption device_options[] = {
    {"vif",
     "`devices/interface`; without `gatewaydev`, `colo`; a rate's interval can be 50ms alone, xl's default",
     read_xl_nics, write_xl_nics},
    {"disk", "`devices/disk`; `shareable` is access w! of xend's files, which xl does not know",
     read_xl_disks, write_xl_disks},
    {"serial", "`devices/serial` of type pty", read_serial, write_serial},
};

}  // namespace

constinit const XlOptions xl_device_options = device_options;

}  // namespace virtlight::domain
