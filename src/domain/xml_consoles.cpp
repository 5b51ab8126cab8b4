// SPDX-License-Identifier: LGPL-2.1-or-later
#include <iterator>

#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// The first serial port of an HVM guest appears twice in domain XML, as <serial> and as <console>: clients
// look for the console of a guest there. A definition has it once.

namespace virtlight::domain {
namespace {

using Target = Console::Target;

constexpr Word<Target> targets[] = {{"xen", Target::xen}, {"serial", Target::serial}};

std::string own_name_of_console(Target target, unsigned port) {
    return fmt::format("{}{}", target == Target::xen ? "console" : "serial", port);
}

/// The first serial port is read twice, and has one alias.
void read_its_alias(const XmlElement& device, const std::string& own_name, Definition& definition) {
    const auto before = definition.aliases.find(own_name);
    const auto alias = read_alias(device);
    if (before != definition.aliases.end() && !alias.empty() && before->second != alias)
        device.invalid(
            "the <console> that is the first <serial> port has its alias '{}', and cannot have '{}'",
            before->second, alias);
    read_alias(device, own_name, definition);
}

/// What <console> and <serial> have in common. The tty is that of the life that was described.
void read_pty(const XmlElement& device, unsigned port) {
    expect_attribute(device, "type", "pty");
    device.attribute("tty");
    device.child("source").attribute("path");
    expect_attribute(device.child("target"), "port", std::to_string(port));
}

/// The guest's ports are counted in the order of their elements.
std::vector<Console> read_serials(const XmlElement& devices, Definition& definition) {
    std::vector<Console> serials;
    for (const auto& serial : devices.children("serial")) {
        if (definition.type != GuestType::hvm) {
            serial.unsupported("only HVM guests have a <serial> port; use <console>");
        } else if (serials.size() == limits::serial_ports) {
            serial.unsupported("a guest can have {} <serial> ports", limits::serial_ports);
        }
        const auto port = static_cast<unsigned>(serials.size());
        read_pty(serial, port);
        read_alias(serial, own_name_of_console(Target::serial, port), definition);
        const auto target = serial.child("target");
        expect_attribute(target, "type", "isa-serial");
        expect_attribute(target.child("model"), "name", "isa-serial");
        serials.push_back({Target::serial, port});
    }
    return serials;
}

void read_consoles(const XmlElement& devices, Definition& definition) {
    const bool hvm = definition.type == GuestType::hvm;
    const auto known = std::span(targets).first(hvm ? 2 : 1);
    auto serials = read_serials(devices, definition);
    bool has_xen = false;
    bool has_serial = false;
    for (const auto& console : devices.children("console")) {
        const auto target =
            attribute_choice(console.child("target"), "type", known, hvm ? Target::serial : Target::xen);
        read_pty(console, 0);
        read_its_alias(console, own_name_of_console(target, 0), definition);
        auto& seen = target == Target::xen ? has_xen : has_serial;
        if (seen) console.unsupported("a guest has one <console> of type '{}'", word_for(target, targets));
        seen = true;
    }
    if (has_serial && serials.empty()) serials.push_back({Target::serial, 0});
    if (has_xen || !hvm) definition.consoles.push_back({Target::xen, 0});
    std::ranges::copy(serials, std::back_inserter(definition.consoles));
}

void write_console(XmlWriter& writer, const Definition& definition, const Console& console, Shape shape) {
    const bool has_tty = shape == Shape::running && !console.tty.empty();
    auto element = writer.element("console");
    element.attribute("type", "pty");
    if (has_tty) element.attribute("tty", console.tty);
    if (has_tty) writer.element("source").attribute("path", console.tty);
    writer.element("target")
        .attribute("type", word_for(console.target, targets))
        .attribute("port", console.port);
    write_alias(writer, definition, own_name_of_console(console.target, console.port));
}

void write_serial(XmlWriter& writer, const Definition& definition, const Console& serial, Shape shape) {
    auto element = writer.element("serial");
    element.attribute("type", "pty");
    const bool has_tty = shape == Shape::running && !serial.tty.empty();
    if (has_tty) writer.element("source").attribute("path", serial.tty);
    writer.element("target").attribute("port", serial.port);
    write_alias(writer, definition, own_name_of_console(serial.target, serial.port));
}

void write_consoles(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& console : definition.consoles) {
        if (console.target == Target::serial) write_serial(writer, definition, console, shape);
    }
    for (const auto& console : definition.consoles) {
        if (console.target == Target::serial && console.port == 0)
            write_console(writer, definition, console, shape);
    }
    for (const auto& console : definition.consoles) {
        if (console.target == Target::xen) write_console(writer, definition, console, shape);
    }
}

}  // namespace

constinit const XmlPart consoles_part{read_consoles, write_consoles};

}  // namespace virtlight::domain
