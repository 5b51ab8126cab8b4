// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/xml_parts.hpp"
#include "domain/xml_values.hpp"

namespace virtlight::domain {
namespace {

using UsbModel = UsbController::Model;

constexpr Word<UsbModel> usb_models[] = {{"qusb1", UsbModel::qusb1},
                                         {"qusb2", UsbModel::qusb2},
                                         {"piix3-uhci", UsbModel::uhci},
                                         {"ehci", UsbModel::ehci},
                                         {"nec-xhci", UsbModel::xhci}};

/// What it may be depends on the model, and is checked where that is known.
unsigned controller_number(const XmlElement& at, std::string_view attribute, unsigned otherwise) {
    const auto text = at.attribute(attribute);
    if (!text) return otherwise;
    const auto number = parse_number<unsigned>(*text);
    if (!number)
        at.invalid("attribute '{}' of <controller> must be a whole number, not '{}'", attribute,
                   shown(*text));
    return number.value_or(otherwise);
}

void read_usb_controllers(const XmlElement& devices, Definition& definition) {
    auto& usb = definition.usb;
    for (const auto& element : devices.children("controller")) {
        if (!is_usb_controller(element)) continue;
        const auto controller =
            read_usb_controller(element, usual_usb_model(definition.type), free_index(usb.controllers));
        if (const auto added = add_usb_controller(usb, controller, definition.type); !added)
            element.unsupported("{}", added.error().message);
    }
}

void write_usb_controllers(XmlWriter& writer, const Definition& definition, Shape shape) {
    for (const auto& controller : definition.usb.controllers) {
        auto element = writer.element("controller");
        element.attribute("type", "usb")
            .attribute("index", controller.index)
            .attribute("model", word_for(controller.model, usb_models))
            .attribute("ports", controller.ports);
        write_alias(writer, controller.alias, alias_of(controller), shape);
    }
}

}  // namespace

bool is_usb_controller(const XmlElement& controller) {
    return trimmed(controller.attribute("type").value_or("")) == "usb";
}

UsbController read_usb_controller(const XmlElement& controller, UsbModel usual_model, unsigned free_index) {
    const auto model = attribute_choice(controller, "model", usb_models, usual_model);
    return {.index = controller_number(controller, "index", free_index),
            .model = model,
            .ports = controller_number(controller, "ports", usual_ports(model)),
            .alias = read_alias(controller)};
}

constinit const XmlPart usb_controllers_part{read_usb_controllers, write_usb_controllers};

}  // namespace virtlight::domain
