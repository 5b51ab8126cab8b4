// SPDX-License-Identifier: LGPL-2.1-or-later
#include <iterator>
#include <set>
#include <string>

#include "base/limits.hpp"
#include "domain/serial_source.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// The first serial port of an HVM guest appears twice in domain XML, as <serial> and as <console>: clients
// look for the console of a guest there. A definition has it once.

namespace virtlight::domain {
namespace {

using Target = Console::Target;
using SerialKind = SerialSource::Kind;

constexpr Word<Target> targets[] = {{"xen", Target::xen}, {"serial", Target::serial}};
constexpr Word<SerialKind> serial_types[] = {{"pty", SerialKind::pty},    {"null", SerialKind::null},
                                             {"vc", SerialKind::vc},      {"stdio", SerialKind::stdio},
                                             {"file", SerialKind::file},  {"pipe", SerialKind::pipe},
                                             {"dev", SerialKind::device}, {"tcp", SerialKind::tcp},
                                             {"udp", SerialKind::udp},    {"unix", SerialKind::unix_socket}};
constexpr Word<bool> source_modes[] = {{"connect", false}, {"bind", true}};  // whether others connect to it
constexpr Word<bool> serial_protocols[] = {{"raw", false}, {"telnet", true}};

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

/// The tty is that of the life that was described.
void read_pty(const XmlElement& device) {
    expect_attribute(device, "type", "pty");
    device.attribute("tty");
    device.child("source").attribute("path");
}

std::string trimmed_attribute(const XmlElement& element, std::string_view attribute) {
    return std::string(trimmed(element.attribute(attribute).value_or("")));
}

void read_serial_path(const XmlElement& element, SerialSource& source) {
    source.path = element.attribute("path").value_or("");
    if (source.kind == SerialKind::unix_socket)
        source.listens = attribute_choice(element, "mode", source_modes, false);
    if (source.kind == SerialKind::file && attribute_choice(element, "append", switches, false))
        element.unsupported(
            "the file of a serial port is begun anew at each start: its device model has no word for "
            "append='on' there");
}

void read_serial_tcp(const XmlElement& device, SerialSource& source) {
    const auto element = device.child("source");
    source.listens = attribute_choice(element, "mode", source_modes, false);
    source.host = trimmed_attribute(element, "host");
    source.service = trimmed_attribute(element, "service");
    expect_attribute(element, "tls", "no");
    source.telnet = attribute_choice(device.child("protocol"), "type", serial_protocols, false);
}

void read_serial_udp(const XmlElement& device, SerialSource& source) {
    std::set<bool> seen;
    for (const auto& element : device.children("source")) {
        const bool own = attribute_choice(element, "mode", source_modes, false);
        if (!seen.insert(own).second)
            element.invalid("a <{}> of type 'udp' has one <source> of each mode", device.name());
        (own ? source.own_host : source.host) = trimmed_attribute(element, "host");
        (own ? source.own_service : source.service) = trimmed_attribute(element, "service");
    }
}

/// Where a serial port leads.
SerialSource read_serial_source(const XmlElement& device) {
    SerialSource source{.kind = attribute_choice(device, "type", serial_types, SerialKind::pty)};
    switch (source.kind) {
        case SerialKind::pty: read_pty(device); break;
        case SerialKind::null:
        case SerialKind::vc:
        case SerialKind::stdio: break;
        case SerialKind::file:
        case SerialKind::pipe:
        case SerialKind::device:
        case SerialKind::unix_socket: read_serial_path(device.child("source"), source); break;
        case SerialKind::tcp: read_serial_tcp(device, source); break;
        case SerialKind::udp: read_serial_udp(device, source); break;
    }
    if (const auto good = check_serial_source(source); !good) device.unsupported("{}", good.error().message);
    return source;
}

void expect_port(const XmlElement& device, unsigned port) {
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
        auto source = read_serial_source(serial);
        expect_port(serial, port);
        read_alias(serial, own_name_of_console(Target::serial, port), definition);
        const auto target = serial.child("target");
        expect_attribute(target, "type", "isa-serial");
        expect_attribute(target.child("model"), "name", "isa-serial");
        serials.push_back({.target = Target::serial, .port = port, .source = std::move(source)});
    }
    return serials;
}

/// The first serial port as a <console>; where no <serial> says what it is, this does.
void read_its_console(const XmlElement& console, std::vector<Console>& serials) {
    auto source = read_serial_source(console);
    if (serials.empty())
        serials.push_back({.target = Target::serial, .source = std::move(source)});
    else if (source != serials.front().source && source.kind != SerialKind::pty)
        console.invalid("the <console> that is the first <serial> port leads elsewhere than that");
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
        if (target == Target::serial)
            read_its_console(console, serials);
        else
            read_pty(console);
        expect_port(console, 0);
        read_its_alias(console, own_name_of_console(target, 0), definition);
        auto& seen = target == Target::xen ? has_xen : has_serial;
        if (seen) console.unsupported("a guest has one <console> of type '{}'", word_for(target, targets));
        seen = true;
    }
    if (has_xen || !hvm) definition.consoles.push_back({Target::xen, 0});
    std::ranges::copy(serials, std::back_inserter(definition.consoles));
}

void write_end(XmlWriter& writer, bool own, const std::string& host, const std::string& service) {
    auto element = writer.element("source");
    element.attribute("mode", word_for(own, source_modes));
    if (!host.empty()) element.attribute("host", host);
    element.attribute("service", service);
}

void write_serial_source(XmlWriter& writer, const SerialSource& source) {
    switch (source.kind) {
        case SerialKind::pty:
        case SerialKind::null:
        case SerialKind::vc:
        case SerialKind::stdio: break;
        case SerialKind::file:
        case SerialKind::pipe:
        case SerialKind::device: writer.element("source").attribute("path", source.path); break;
        case SerialKind::unix_socket:
            writer.element("source")
                .attribute("mode", word_for(source.listens, source_modes))
                .attribute("path", source.path);
            break;
        case SerialKind::tcp:
            write_end(writer, source.listens, source.host, source.service);
            writer.element("protocol").attribute("type", word_for(source.telnet, serial_protocols));
            break;
        case SerialKind::udp:
            if (!source.own_service.empty()) write_end(writer, true, source.own_host, source.own_service);
            write_end(writer, false, source.host, source.service);
            break;
    }
}

void write_console(XmlWriter& writer, const Definition& definition, const Console& console, Shape shape) {
    const bool has_tty = shape == Shape::running && !console.tty.empty() && has_pty(console);
    auto element = writer.element("console");
    element.attribute("type", word_for(console.source.kind, serial_types));
    if (has_tty) element.attribute("tty", console.tty);
    if (has_tty) writer.element("source").attribute("path", console.tty);
    write_serial_source(writer, console.source);
    writer.element("target")
        .attribute("type", word_for(console.target, targets))
        .attribute("port", console.port);
    write_alias(writer, definition, own_name_of_console(console.target, console.port));
}

void write_serial(XmlWriter& writer, const Definition& definition, const Console& serial, Shape shape) {
    auto element = writer.element("serial");
    element.attribute("type", word_for(serial.source.kind, serial_types));
    const bool has_tty = shape == Shape::running && !serial.tty.empty() && has_pty(serial);
    if (has_tty) writer.element("source").attribute("path", serial.tty);
    write_serial_source(writer, serial.source);
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
