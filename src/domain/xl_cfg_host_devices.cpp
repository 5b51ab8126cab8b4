// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <tuple>
#include <utility>

#include "domain/pci.hpp"
#include "domain/usb.hpp"
#include "domain/xl_cfg_values.hpp"

// PCI devices of the host that are handed to a guest, xl-pci-configuration(5), and USB controllers and
// devices.

namespace virtlight::domain {
namespace {

constexpr unsigned last_slot = 31;

/// "0000:07:10.1@5": the slot in the guest is hexadecimal.
void read_address(const XlAt& at, std::string_view text, PciDevice& device) {
    const auto sign = text.find('@');
    const auto address = parse_pci_address(text.substr(0, sign));
    if (!address) return at.invalid("'{}' is no address of a PCI device, as 07:10.1 is", shown(text));
    device.address = *address;
    if (sign == text.npos) return;
    const auto slot = whole_number<unsigned>(without_0x(text.substr(sign + 1)), 16);
    if (!slot || *slot > last_slot)
        return at.invalid("'{}' is no slot of a guest", shown(text.substr(sign + 1)));
    device.guest_slot = *slot;
}

/// What a device may say of itself, and the option that says it of all: here they are alike.
constexpr std::pair<std::string_view, std::string_view> of_all_pci[] = {{"msitranslate", "pci_msitranslate"},
                                                                        {"power_mgmt", "pci_power_mgmt"}};

/// `option` is any of xl's. False: it is another parameter.
bool read_what_all_are(const XlAt& at, const XlAt& option) {
    for (const auto& [key, of_all] : of_all_pci) {
        if (at.key() != key) continue;
        const bool on = at.text().empty() || at.boolean();
        if (on != option.is_on(of_all, false))
            at.unsupported("'{}' is the same of all PCI devices here, as '{}' says", key, of_all);
        return true;
    }
    return false;
}

void read_pci_parameter(const XlAt& at, const XlAt& option, PciDevice& device) {
    const auto& key = at.key();
    const auto& value = at.text();
    if (key == "permissive") {
        device.permissive = value.empty() || at.boolean();
    } else if (key == "seize") {
        device.managed = value.empty() || at.boolean();
    } else if (key == "bdf") {
        read_address(at, value, device);
    } else if (key == "vslot") {
        read_address(at, to_string(device.address) + "@" + value, device);
    } else if (value.empty() && key.contains(':')) {
        read_address(at, key, device);
    } else if (!read_what_all_are(at, option)) {
        at.unsupported("'{}' of a PCI device is not supported", shown(key));
    }
}

void read_pci(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        PciDevice device{.managed = at.is_on("pci_seize", false),
                         .permissive = at.is_on("pci_permissive", false)};
        const auto parameters = item.parameters();
        if (parameters.empty()) return item.invalid("a PCI device has no address");
        for (const auto& parameter : parameters)
            read_pci_parameter(item.part(parameters, parameter), at, device);
        for (const auto& good :
             {check_pci(device, definition.type), check_beside(device, definition.pci_devices)})
            if (!good) return item.unsupported("{}", good.error().message);
        definition.pci_devices.push_back(device);
    }
}
void write_pci(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& device : definition.pci_devices) {
        auto& spec = specs.emplace_back(to_string(device.address));
        if (device.guest_slot > 0) spec += fmt::format("@{:x}", device.guest_slot);
        spec += fmt::format(",seize={},permissive={}", device.managed ? 1 : 0, device.permissive ? 1 : 0);
    }
    writer.texts("pci", specs);
}

/// What all PCI devices are unless they say otherwise; read with them.
void read_pci_default(const XlAt& at, Definition&) {
    at.boolean();
}

using UsbModel = UsbController::Model;
enum class UsbType { chosen, qusb, emulated };
constexpr Word<UsbType> usb_types[] = {
    {"auto", UsbType::chosen}, {"qusb", UsbType::qusb}, {"devicemodel", UsbType::emulated}};

UsbModel read_model(const XlAt& at, GuestType type) {
    const auto said = at.sibling("type");
    auto kind = said ? choice<UsbType>(*said, usb_types, UsbType::chosen) : UsbType::chosen;
    if (kind == UsbType::chosen) kind = type == GuestType::hvm ? UsbType::emulated : UsbType::qusb;
    const auto version = at.sibling("version") ? at.number_of("version", 3) : 2;
    if (version == 0 || (version == 3 && kind == UsbType::qusb))
        at.unsupported("a USB controller of this type can be of version 1 or 2");
    if (kind == UsbType::qusb) return version == 1 ? UsbModel::qusb1 : UsbModel::qusb2;
    return version == 1 ? UsbModel::uhci : version == 2 ? UsbModel::ehci : UsbModel::xhci;
}

void refuse_others(const XlSettings& parameters, const XlAt& at, std::span<const std::string_view> known) {
    for (const auto& parameter : parameters)
        if (std::ranges::find(known, parameter.key) == known.end())
            at.unsupported("'{}' in '{}' is not supported", shown(parameter.key), at.key());
}

constexpr std::string_view controller_words[] = {"type", "version", "ports"};

void read_controllers(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        const auto parameters = item.parameters();
        refuse_others(parameters, item, controller_words);
        const XlSetting none{};
        const auto part = item.part(parameters, parameters.empty() ? none : parameters.front());
        UsbController controller{.index = free_index(definition.usb.controllers),
                                 .model = read_model(part, definition.type)};
        controller.ports = usual_ports(controller.model);
        if (part.sibling("ports")) controller.ports = static_cast<unsigned>(part.number_of("ports", 31));
        if (const auto good = add_usb_controller(definition.usb, controller, definition.type); !good)
            return item.unsupported("{}", good.error().message);
    }
}

constexpr std::tuple<UsbModel, std::string_view, unsigned> usb_model_words[] = {
    {UsbModel::qusb1, "qusb", 1},
    {UsbModel::qusb2, "qusb", 2},
    {UsbModel::uhci, "devicemodel", 1},
    {UsbModel::ehci, "devicemodel", 2},
    {UsbModel::xhci, "devicemodel", 3}};

void write_controllers(const Definition& definition, XlWriter& writer) {
    std::vector<std::string> specs;
    for (const auto& controller : definition.usb.controllers)
        for (const auto& [model, type, version] : usb_model_words)
            if (model == controller.model)
                specs.push_back(fmt::format("type={},version={},ports={}", type, version, controller.ports));
    writer.texts("usbctrl", specs);
}

constexpr std::string_view device_words[] = {"type", "hostbus", "hostaddr", "controller", "port"};

void read_devices(const XlAt& at, Definition& definition) {
    for (const auto& item : at.items()) {
        const auto parameters = item.parameters();
        refuse_others(parameters, item, device_words);
        if (parameters.empty()) return item.invalid("a USB device has no 'hostbus' and 'hostaddr'");
        const auto part = item.part(parameters, parameters.front());
        if (const auto type = part.text_of("type"); !type.empty() && type != "hostdev")
            return item.unsupported("a USB device can be of type 'hostdev', not '{}'", shown(type));
        UsbDevice device{.host_bus = static_cast<unsigned>(part.number_of("hostbus", 255)),
                         .host_device = static_cast<unsigned>(part.number_of("hostaddr", 255)),
                         .controller = static_cast<unsigned>(part.number_of("controller", 255)),
                         .port = static_cast<unsigned>(part.number_of("port", 31))};
        if (device.port == 0 && part.sibling("controller")) {
            device.port = free_port(definition.usb, device.controller);
            if (device.port == 0)
                return item.unsupported("USB controller {} has no free port, or is not there",
                                        device.controller);
        }
        if (const auto good = add_usb_device_with_room(definition.usb, device, definition.type); !good)
            return item.unsupported("{}", good.error().message);
    }
}

/// xl counts controllers as they are listed, whatever their indexes were.
auto xls_number_of(unsigned index, const std::vector<UsbController>& controllers) {
    return std::ranges::find(controllers, index, &UsbController::index) - controllers.begin();
}

void write_devices(const Definition& definition, XlWriter& writer) {
    const auto& [controllers, devices] = definition.usb;
    std::vector<std::string> specs;
    for (const auto& device : devices)
        if (device.host_bus != 0)
            specs.push_back(fmt::format("hostbus={},hostaddr={},controller={},port={}", device.host_bus,
                                        device.host_device, xls_number_of(device.controller, controllers),
                                        device.port));
    writer.texts("usbdev", specs);
}

constexpr XlOption host_device_options[] = {
    {"pci", "`devices/hostdev` of type pci", read_pci, write_pci},
    {"pci_seize", "`devices/hostdev/@managed` of those that do not say", read_pci_default, nullptr, "pci"},
    {"pci_permissive", "the same of devices that a guest may write to wholly", read_pci_default, nullptr,
     "pci"},
    {"usbctrl", "`devices/controller` of type usb; not of type pv", read_controllers, write_controllers},
    {"usbdev", "`devices/hostdev` of type usb", read_devices, write_devices},
};

}  // namespace

constinit const XlOptions xl_host_device_options = host_device_options;

}  // namespace virtlight::domain
