// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "base/limits.hpp"
#include "domain/serial_source.hpp"
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
        if (item.text() == "none") continue;
        auto said = parse_serial_source(item.text());
        if (!said) return item.unsupported("{}", said.error().message);
        if (port == limits::serial_ports)
            return at.unsupported("a guest can have {} serial ports", limits::serial_ports);
        if (said->waits)
            item.remark(
                "nobody is waited for to connect to serial port {} here; with xl its guest is not started "
                "until somebody does, as 'nowait' is missing",
                port);
        definition.consoles.push_back(
            {.target = Target::serial, .port = port++, .source = std::move(said->source)});
    }
}

void write_serial(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> ports;
    for (const auto& console : definition.consoles)
        if (console.target == Target::serial) ports.push_back(serial_words(console.source));
    writer.texts("serial", ports);
}

constexpr XlOption device_options[] = {
    {"vif",
     "`devices/interface`; without `gatewaydev`, `colo`; a rate's interval can be 50ms alone, xl's default; "
     "there are no networks of libvirt's",
     read_xl_nics, write_xl_nics},
    {"disk",
     "`devices/disk`; `shareable` is access w! of xend's files, which xl does not know; without `script`, "
     "`untrusted`, `colo`",
     read_xl_disks, write_xl_disks},
    {"serial",
     "`devices/serial` of types pty, null, vc, stdio, file, pipe, dev, tcp (`telnet:` is its protocol), udp "
     "and unix; one that listens waits for nobody",
     read_serial, write_serial},
};

}  // namespace

constinit const XlOptions xl_device_options = device_options;

}  // namespace virtlight::domain
