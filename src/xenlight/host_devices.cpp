// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/host_devices.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>

#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Definition;
using domain::GuestType;
using domain::PciDevice;
using domain::UsbController;
using domain::UsbDevice;
using Model = UsbController::Model;

/// A device and a function as PCI packs them: the slot is above the function's three bits.
constexpr unsigned function_bits = 3;

struct ModelWords {
    Model model;
    libxl_usbctrl_type type;
    int version;
};
constexpr std::array usb_models = {
    ModelWords{Model::qusb1, LIBXL_USBCTRL_TYPE_QUSB, 1},
    ModelWords{Model::qusb2, LIBXL_USBCTRL_TYPE_QUSB, 2},
    ModelWords{Model::uhci, LIBXL_USBCTRL_TYPE_DEVICEMODEL, 1},
    ModelWords{Model::ehci, LIBXL_USBCTRL_TYPE_DEVICEMODEL, 2},
    ModelWords{Model::xhci, LIBXL_USBCTRL_TYPE_DEVICEMODEL, 3},
};

template <class T>
std::span<T> all_of(T* first, int count) {
    return {first, static_cast<std::size_t>(count)};
}

/// `guests` is the policy of the guest that it is of.
Result<PciDevice> read_pci(const libxl_device_pci& given, libxl_rdm_reserve_policy guests) {
    const PciDevice device{
        .address = {static_cast<unsigned>(given.domain), given.bus, given.dev, given.func},
        .managed = given.seize,
        .permissive = given.permissive,
        .guest_slot = given.vdevfn >> function_bits,
    };
    if (given.rdm_policy == LIBXL_RDM_RESERVE_POLICY_RELAXED && given.rdm_policy != guests)
        return fail(Reason::unsupported_config,
                    "PCI device {} alone has rdm_policy=relaxed, which is not supported",
                    to_string(device.address));
    if (given.vfunc_mask == LIBXL_PCI_FUNC_ALL || device.guest_slot << function_bits != given.vdevfn)
        return fail(Reason::unsupported_config,
                    "PCI device {} has more than one function for the guest, which is not supported",
                    to_string(device.address));
    return device;
}

/// `place` is its place among the guest's, by which libxl numbers those that xl has not.
Result<UsbController> read_usb_controller(const libxl_device_usbctrl& given, unsigned place, GuestType type) {
    const auto index = given.devid < 0 ? place : static_cast<unsigned>(given.devid);
    auto kind = given.type;
    if (kind == LIBXL_USBCTRL_TYPE_AUTO)
        kind = type == GuestType::hvm ? LIBXL_USBCTRL_TYPE_DEVICEMODEL : LIBXL_USBCTRL_TYPE_QUSB;
    const int version = given.version == 0 ? 2 : given.version;
    const auto* const found = std::ranges::find_if(
        usb_models, [&](const ModelWords& words) { return words.type == kind && words.version == version; });
    if (found == usb_models.end() || (given.backend_domname && *given.backend_domname) ||
        given.backend_domid != 0)
        return fail(Reason::unsupported_config,
                    "USB controller {} is served by a kernel or by another domain, which is not supported",
                    index);
    const auto ports = static_cast<unsigned>(std::max(given.ports, 0));
    return UsbController{index, found->model, ports == 0 ? domain::usual_ports(found->model) : ports};
}

UsbDevice read_usb_device(const libxl_device_usbdev& given) {
    UsbDevice device{.host_bus = given.u.hostdev.hostbus, .host_device = given.u.hostdev.hostaddr};
    if (given.ctrl < 0 || given.port <= 0) return device;  // it is libxl that finds a place for it
    device.controller = static_cast<unsigned>(given.ctrl);
    device.port = static_cast<unsigned>(given.port);
    return device;
}

/// What is wrong with the first one that a definition cannot hold; all others are added.
Result<> add_all(const libxl_domain_config& config, GuestType type, Definition& definition) {
    Result<> all;
    const auto note = [&](Result<> one) {
        if (all && !one) all = std::move(one);
    };
    for (const auto& given : all_of(config.pcidevs, config.num_pcidevs)) {
        const auto device = read_pci(given, region_policy(config));
        auto good = device ? check_pci(*device, type) : std::unexpected(device.error());
        if (good) good = check_beside(*device, definition.pci_devices);
        if (good) definition.pci_devices.push_back(*device);
        note(std::move(good));
    }
    for (unsigned place = 0; const auto& given : all_of(config.usbctrls, config.num_usbctrls)) {
        const auto controller = read_usb_controller(given, place++, type);
        note(controller ? add_usb_controller(definition.usb, *controller, type)
                        : std::unexpected(controller.error()));
    }
    for (const auto& given : all_of(config.usbdevs, config.num_usbdevs))
        note(add_usb_device(definition.usb, read_usb_device(given)));
    return all;
}

template <class Theirs, class Ours>
void write_all(const std::vector<Ours>& ours, Theirs*& theirs, int& count, void (*init)(Theirs*),
               void (*write)(const Ours&, Theirs&)) {
    if (ours.empty()) return;
    theirs = allocate<Theirs>(ours.size());
    for (const auto& one : ours) {
        auto& written = theirs[count++];
        init(&written);
        write(one, written);
    }
}

}  // namespace

void write_pci(const PciDevice& device, libxl_device_pci& written) {
    written.domain = static_cast<int>(device.address.domain);
    written.bus = static_cast<std::uint8_t>(device.address.bus);
    written.dev = static_cast<std::uint8_t>(device.address.slot);
    written.func = static_cast<std::uint8_t>(device.address.function);
    written.vdevfn = device.guest_slot << function_bits;
    written.permissive = device.permissive;
    written.seize = device.managed;
}

libxl_rdm_reserve_policy region_policy(const libxl_domain_config& config) {
    if (config.c_info.type != LIBXL_DOMAIN_TYPE_HVM) return LIBXL_RDM_RESERVE_POLICY_INVALID;
    const auto& rdm = config.b_info.u.hvm.rdm;
    return rdm.strategy == LIBXL_RDM_RESERVE_STRATEGY_HOST ? rdm.policy : LIBXL_RDM_RESERVE_POLICY_INVALID;
}

void spread_region_policy(libxl_domain_config& config) {
    for (auto& device : all_of(config.pcidevs, config.num_pcidevs))
        device.rdm_policy = region_policy(config);
}

void write_usb_controller(const UsbController& controller, libxl_device_usbctrl& written) {
    const auto& words = *std::ranges::find(usb_models, controller.model, &ModelWords::model);
    written.devid = static_cast<int>(controller.index);
    written.type = words.type;
    written.version = words.version;
    written.ports = static_cast<int>(controller.ports);
}

void write_usb_device(const UsbDevice& device, libxl_device_usbdev& written) {
    libxl_device_usbdev_init_type(&written, LIBXL_USBDEV_TYPE_HOSTDEV);
    written.ctrl = static_cast<int>(device.controller);
    written.port = static_cast<int>(device.port);
    written.u.hostdev.hostbus = static_cast<std::uint8_t>(device.host_bus);
    written.u.hostdev.hostaddr = static_cast<std::uint8_t>(device.host_device);
}

void write_host_devices(const Definition& definition, libxl_domain_config& config) {
    write_all(definition.pci_devices, config.pcidevs, config.num_pcidevs, libxl_device_pci_init, write_pci);
    write_all(definition.usb.controllers, config.usbctrls, config.num_usbctrls, libxl_device_usbctrl_init,
              write_usb_controller);
    write_all(definition.usb.devices, config.usbdevs, config.num_usbdevs, libxl_device_usbdev_init,
              write_usb_device);
}

void read_host_devices(const libxl_domain_config& config, Definition& definition) {
    std::ignore = add_all(config, definition.type, definition);
}

Result<> check_host_devices(const libxl_domain_config& config, GuestType type) {
    for (const auto& device : all_of(config.pcidevs, config.num_pcidevs))
        if (device.msitranslate != config.pcidevs[0].msitranslate ||
            device.power_mgmt != config.pcidevs[0].power_mgmt)
            return fail(Reason::unsupported_config,
                        "its PCI devices differ in msitranslate or power_mgmt, which is not supported");
    Definition definition;
    return add_all(config, type, definition);
}

}  // namespace virtlight::xenlight
