// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdint>
#include <limits>
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

// Every guest of Xen has Xen's bus and a balloon, and libvirt writes both into every definition; of a guest
// with disks hdX or sdX also the controllers that they would be on, whether its type has them or not.

enum class Controller { xenbus, usb, ide, scsi };
constexpr Word<Controller> controller_types[] = {{"xenbus", Controller::xenbus},
                                                 {"usb", Controller::usb},
                                                 {"ide", Controller::ide},
                                                 {"scsi", Controller::scsi}};

std::string own_name_of_controller(Controller type, unsigned index = 0) {
    return fmt::format("{}{}", word_for(type, controller_types), index);
}

/// Of libvirt's for sda to sdp, with seven drives each. Of other types there is one.
constexpr unsigned scsi_controllers = 3;

unsigned read_index(const XmlElement& element, Controller type) {
    if (type != Controller::scsi) {
        expect_attribute(element, "index", "0");
        return 0;
    }
    const auto text = element.attribute("index").value_or("0");
    const auto index = parse_number<unsigned>(text);
    if (!index || *index >= scsi_controllers)
        element.unsupported("a guest has {} <controller> of type 'scsi', with indexes from 0 on, not '{}'",
                            scsi_controllers, shown(text));
    return index.value_or(0);
}

constexpr unsigned most_of_xenbus = std::numeric_limits<std::int32_t>::max();

void read_controllers(const XmlElement& devices, Definition& definition) {
    std::set<std::string> seen;
    for (const auto& element : devices.children("controller")) {
        if (is_usb_controller(element)) continue;  // they are a part of their own
        const auto type = attribute_choice<Controller>(element, "type", controller_types, Controller::xenbus);
        const auto index = read_index(element, type);
        read_alias(element, own_name_of_controller(type, index), definition);
        if (type == Controller::xenbus) {
            definition.platform.max_grant_frames =
                attribute_number(element, "maxGrantFrames", 0, most_of_xenbus);
            definition.platform.max_event_channels =
                attribute_number(element, "maxEventChannels", 1, most_of_xenbus);
        }
        if (!seen.insert(own_name_of_controller(type, index)).second)
            element.invalid("a guest has one <controller> of type '{}' and index {}",
                            word_for(type, controller_types), index);
    }
}

/// What follows from the disks goes unsaid, unless it has a name.
void write_named(XmlWriter& writer, const Definition& definition, Controller type, unsigned index) {
    if (!has_alias(definition, own_name_of_controller(type, index))) return;
    auto element = writer.element("controller");
    element.attribute("type", word_for(type, controller_types)).attribute("index", index);
    write_alias(writer, definition, own_name_of_controller(type, index));
}

void write_emulated(XmlWriter& writer, const Definition& definition) {
    write_named(writer, definition, Controller::ide, 0);
    for (unsigned index = 0; index < scsi_controllers; ++index)
        write_named(writer, definition, Controller::scsi, index);
}

void write_xenbus(XmlWriter& writer, const Definition& definition) {
    const auto& platform = definition.platform;
    auto xenbus = writer.element("controller");
    xenbus.attribute("type", "xenbus").attribute("index", "0");
    if (platform.max_grant_frames) xenbus.attribute("maxGrantFrames", *platform.max_grant_frames);
    if (platform.max_event_channels) xenbus.attribute("maxEventChannels", *platform.max_event_channels);
    write_alias(writer, definition, own_name_of_controller(Controller::xenbus));
}

void write_controllers(XmlWriter& writer, const Definition& definition, Shape) {
    write_xenbus(writer, definition);
    write_emulated(writer, definition);
}

constexpr std::string_view balloon = "balloon0";

void read_memballoon(const XmlElement& devices, Definition& definition) {
    const auto memballoon = devices.child("memballoon");
    expect_attribute(memballoon, "model", "xen");
    read_alias(memballoon, balloon, definition);
}

void write_memballoon(XmlWriter& writer, const Definition& definition, Shape) {
    auto memballoon = writer.element("memballoon");
    memballoon.attribute("model", "xen");
    write_alias(writer, definition, balloon);
}

constexpr XmlPart emulator_part{read_emulator, write_emulator};
constexpr XmlPart controllers_part{read_controllers, write_controllers};
constexpr XmlPart memballoon_part{read_memballoon, write_memballoon};

/// In libvirt's order of writing.
constexpr const XmlPart* device_parts[] = {
    &emulator_part, &disks_part,    &controllers_part, &usb_controllers_part, &shared_folders_part,
    &nics_part,     &consoles_part, &channels_part,    &graphics_part,        &inputs_part,
    &video_part,    &hostdevs_part, &memballoon_part};

void read_devices(const XmlElement& domain, Definition& definition) {
    const auto devices = domain.child("devices");
    for (const auto* part : device_parts)
        part->read(devices, definition);
    check_aliases(devices);
}

void write_devices(XmlWriter& writer, const Definition& definition, Shape shape) {
    auto devices = writer.element("devices");
    for (const auto* part : device_parts)
        part->write(writer, definition, shape);
}

}  // namespace

constinit const XmlPart devices_part{read_devices, write_devices};

}  // namespace virtlight::domain
