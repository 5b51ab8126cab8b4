// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using Model = UsbController::Model;

constexpr Word<Model> models[] = {{"qusb1", Model::qusb1},
                                  {"qusb2", Model::qusb2},
                                  {"piix3-uhci", Model::uhci},
                                  {"ehci", Model::ehci},
                                  {"nec-xhci", Model::xhci}};

unsigned number_in(const XmlElement& at, std::string_view attribute, unsigned otherwise) {
    const auto text = at.attribute(attribute);
    if (!text) return otherwise;
    const auto number = parse_number<unsigned>(*text);
    if (!number)
        at.invalid("attribute '{}' of <controller> must be a whole number, not '{}'", attribute,
                   shown(*text));
    return number.value_or(otherwise);
}

void read(const XmlElement& devices, Definition& definition) {
    auto& usb = definition.usb;
    for (const auto& element : devices.children("controller")) {
        if (!is_usb_controller(element)) continue;
        const auto controller =
            read_usb_controller(element, usual_usb_model(definition.type), free_index(usb.controllers));
        if (const auto added = add_usb_controller(usb, controller, definition.type); !added)
            element.unsupported("{}", added.error().message);
    }
}

void write(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& controller : definition.usb.controllers) {
        auto element = writer.element("controller");
        element.attribute("type", "usb")
            .attribute("index", controller.index)
            .attribute("model", word_for(controller.model, models))
            .attribute("ports", controller.ports);
        write_alias(writer, controller.alias, alias_of(controller), shape);
    }
}

}  // namespace

bool is_usb_controller(const XmlElement& controller) {
    return trimmed(controller.attribute("type").value_or("")) == "usb";
}

UsbController read_usb_controller(const XmlElement& controller, Model usual_model, unsigned free_index) {
    const auto model = attribute_choice(controller, "model", models, usual_model);
    return {.index = number_in(controller, "index", free_index),
            .model = model,
            .ports = number_in(controller, "ports", usual_ports(model)),
            .alias = read_alias(controller)};
}

constinit const XmlPart usb_controllers_part{read, write};

}  // namespace virtlight::domain
