// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "base/limits.hpp"
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

// A screen comes with a keyboard and a mouse: on PS/2 with HVM, on Xen's bus with PV and PVH. They are
// written, as clients look for them, and a definition has only what is on USB. One that has a user's alias is
// written in any case. Without a screen they say nothing: libvirt writes them into each definition.

namespace virtlight::domain {
namespace {

enum class Bus { usb, ps2, xen };

constexpr Word<Input> inputs[] = {
    {"tablet", Input::tablet}, {"mouse", Input::mouse}, {"keyboard", Input::keyboard}};
constexpr Word<Bus> hvm_buses[] = {{"usb", Bus::usb}, {"ps2", Bus::ps2}};
constexpr Word<Bus> xen_buses[] = {{"xen", Bus::xen}};
constexpr Word<SoundModel> sounds[] = {{"sb16", SoundModel::sb16},
                                       {"es1370", SoundModel::es1370},
                                       {"ac97", SoundModel::ac97},
                                       {"ich6", SoundModel::ich6}};

constexpr std::string_view own_name_of_sound = "sound0";
/// Of one that comes with a screen: its type.
std::string own_name_on_usb(std::size_t place) {
    return fmt::format("input{}", place);
}

void read_input(const XmlElement& element, Definition& definition) {
    if (!element.attribute("type"))
        element.invalid("<input> has no attribute 'type'; allowed here: {}", list_words<Input>(inputs));
    const auto input = attribute_choice(element, "type", inputs, Input::mouse);
    const bool tablet = input == Input::tablet;
    if (definition.type != GuestType::hvm) {
        attribute_choice<Bus>(element, "bus", xen_buses, Bus::xen);
        if (tablet) element.unsupported("a PV or PVH guest has a mouse and a keyboard, and no other <input>");
        return read_alias(element, word_for(input, inputs), definition);
    }
    const auto bus = attribute_choice<Bus>(element, "bus", hvm_buses, tablet ? Bus::usb : Bus::ps2);
    if (bus == Bus::ps2) {
        if (tablet) element.unsupported("a tablet is on bus 'usb'");
        read_alias(element, word_for(input, inputs), definition);
    } else if (definition.usb_inputs.size() == limits::usb_inputs) {
        element.unsupported("a guest can have {} <input> on bus 'usb'", limits::usb_inputs);
    } else {
        read_alias(element, own_name_on_usb(definition.usb_inputs.size()), definition);
        definition.usb_inputs.push_back(input);
    }
}

void read_inputs(const XmlElement& devices, Definition& definition) {
    for (const auto& element : devices.children("input"))
        read_input(element, definition);
    const auto elements = devices.children("sound");
    if (elements.empty()) return;
    const auto& sound = elements.front();
    if (elements.size() > 1) elements[1].unsupported("a guest has one <sound>");
    if (definition.type != GuestType::hvm) sound.unsupported("only HVM guests have <sound>");
    if (!sound.attribute("model"))
        sound.invalid("<sound> has no attribute 'model'; allowed here: {}", list_words<SoundModel>(sounds));
    definition.sound = attribute_choice(sound, "model", sounds, SoundModel::ac97);
    read_alias(sound, own_name_of_sound, definition);
}

void write_input(XmlWriter& writer, const Definition& definition, Input input, std::string_view bus,
                 std::string_view own_name) {
    auto element = writer.element("input");
    element.attribute("type", word_for(input, inputs)).attribute("bus", bus);
    write_alias(writer, definition, own_name);
}

void write_inputs(XmlWriter& writer, const Definition& definition, Shape) {
    for (std::size_t place = 0; const auto input : definition.usb_inputs)
        write_input(writer, definition, input, "usb", own_name_on_usb(place++));
    const auto* const bus = definition.type == GuestType::hvm ? "ps2" : "xen";
    for (const auto input : {Input::mouse, Input::keyboard})
        if (const auto name = word_for(input, inputs);
            definition.graphics.any() || has_alias(definition, name))
            write_input(writer, definition, input, bus, name);
    if (!definition.sound) return;
    auto sound = writer.element("sound");
    sound.attribute("model", word_for(*definition.sound, sounds));
    write_alias(writer, definition, own_name_of_sound);
}

}  // namespace

constinit const XmlPart inputs_part{read_inputs, write_inputs};

}  // namespace virtlight::domain
