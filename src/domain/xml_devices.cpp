// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

void read_emulator(const XmlElement& devices, Definition& definition) {
    definition.emulator = path_in(devices.child("emulator"));
}

void write_emulator(XmlWriter& writer, const Definition& definition, Shape) {
    if (!definition.emulator.empty()) writer.element("emulator").text(definition.emulator);
}

// Every guest of Xen has these two, and libvirt writes them into every definition.

void read_xenbus(const XmlElement& devices, Definition&) {
    const auto controllers = devices.children("controller");
    for (const auto& controller : controllers) {
        expect_attribute(controller, "type", "xenbus");
        expect_attribute(controller, "index", "0");
        ignore_alias(controller);
    }
    if (controllers.size() > 1) controllers[1].invalid("a guest has one <controller> of type 'xenbus'");
}

void write_xenbus(XmlWriter& writer, const Definition&, Shape) {
    writer.element("controller").attribute("type", "xenbus").attribute("index", "0");
}

void read_memballoon(const XmlElement& devices, Definition&) {
    const auto memballoon = devices.child("memballoon");
    expect_attribute(memballoon, "model", "xen");
    ignore_alias(memballoon);
}

void write_memballoon(XmlWriter& writer, const Definition&, Shape) {
    writer.element("memballoon").attribute("model", "xen");
}

constexpr XmlPart emulator_part{read_emulator, write_emulator};
constexpr XmlPart xenbus_part{read_xenbus, write_xenbus};
constexpr XmlPart memballoon_part{read_memballoon, write_memballoon};

/// In libvirt's order of writing.
constexpr const XmlPart* parts[] = {&emulator_part, &xenbus_part, &nics_part, &consoles_part,
                                    &memballoon_part};

void read(const XmlElement& domain, Definition& definition) {
    const auto devices = domain.child("devices");
    for (const auto* part : parts)
        part->read(devices, definition);
}

void write(XmlWriter& writer, const Definition& definition, Shape shape) {
    auto devices = writer.element("devices");
    for (const auto* part : parts)
        part->write(writer, definition, shape);
}

}  // namespace

constinit const XmlPart devices_part{read, write};

}  // namespace virtlight::domain
