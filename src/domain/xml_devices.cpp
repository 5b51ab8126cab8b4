// SPDX-License-Identifier: LGPL-2.1-or-later
#include <set>

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

// Every guest of Xen has Xen's bus and a balloon, and libvirt writes both into every definition; of an HVM
// guest with disks also the controllers that its device model has anyway.

enum class Controller { xenbus, ide, scsi };
constexpr Word<Controller> controllers[] = {
    {"xenbus", Controller::xenbus}, {"ide", Controller::ide}, {"scsi", Controller::scsi}};

void read_controllers(const XmlElement& devices, Definition& definition) {
    const auto known = std::span(controllers).first(definition.type == GuestType::hvm ? 3 : 1);
    std::set<Controller> seen;
    for (const auto& element : devices.children("controller")) {
        const auto type = attribute_choice(element, "type", known, Controller::xenbus);
        expect_attribute(element, "index", "0");
        ignore_alias(element);
        if (!seen.insert(type).second)
            element.invalid("a guest has one <controller> of type '{}'", word_for(type, controllers));
    }
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
constexpr XmlPart xenbus_part{read_controllers, write_xenbus};
constexpr XmlPart memballoon_part{read_memballoon, write_memballoon};

/// In libvirt's order of writing.
constexpr const XmlPart* parts[] = {&emulator_part, &disks_part,    &xenbus_part,
                                    &nics_part,     &consoles_part, &graphics_part,
                                    &inputs_part,   &video_part,    &memballoon_part};

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
