// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include <rapidcheck.h>

#include "base/limits.hpp"
#include "domain/channel.hpp"
#include "domain/definition.hpp"

/// rapidcheck's source of what a guest has of the host to itself, and of its channels and shared folders:
/// such as can be together.

namespace virtlight::domain::arbitrary {

inline PciDevice pci_device(GuestType type) {
    PciDevice device{.address = {*rc::gen::element(0U, 1U, 0xffffU), *rc::gen::inRange(0U, 256U),
                                 *rc::gen::inRange(0U, 32U), *rc::gen::inRange(0U, 8U)},
                     .managed = *rc::gen::arbitrary<bool>(),
                     .permissive = *rc::gen::arbitrary<bool>()};
    if (type == GuestType::hvm) device.guest_slot = *rc::gen::inRange(0U, 32U);
    if (!device.permissive && *rc::gen::arbitrary<bool>())
        device.mac = MacAddress{{0, 0x16, 0x3e, 0, 0, *rc::gen::arbitrary<std::uint8_t>()}};
    return device;
}

inline std::vector<PciDevice> pci_devices(GuestType type) {
    Definition with{.type = type};
    if (type == GuestType::pvh) return {};
    for (auto left = *rc::gen::inRange(0, 4); left > 0; --left)
        std::ignore = add_pci_device(with, pci_device(type));
    return with.pci_devices;
}

inline Usb usb(GuestType type) {
    using enum UsbController::Model;
    Usb usb;
    for (auto left = *rc::gen::inRange(0, 3); left > 0; --left) {
        const auto model = type == GuestType::hvm ? *rc::gen::element(qusb1, qusb2, uhci, ehci, xhci)
                                                  : *rc::gen::element(qusb1, qusb2);
        const bool fixed = model == uhci || model == ehci;
        std::ignore = add_usb_controller(usb,
                                         {.index = *rc::gen::inRange(0U, limits::usb_controllers),
                                          .model = model,
                                          .ports = fixed ? usual_ports(model) : *rc::gen::inRange(1U, 16U)},
                                         type);
    }
    for (auto left = *rc::gen::inRange(0, 4); left > 0; --left) {
        UsbDevice device{.controller = *rc::gen::inRange(0U, limits::usb_controllers),
                         .port = *rc::gen::inRange(0U, 10U),
                         .managed = *rc::gen::arbitrary<bool>()};
        if (*rc::gen::arbitrary<bool>())
            device.id = UsbId{*rc::gen::inRange(1U, 0x10000U), *rc::gen::inRange(0U, 0x10000U)};
        if (!device.id || *rc::gen::arbitrary<bool>()) {
            device.host_bus = *rc::gen::inRange(1U, 256U);
            device.host_device = *rc::gen::inRange(1U, 256U);
        }
        std::ignore = add_usb_device(usb, device);
    }
    return usb;
}

inline void add_channels(std::vector<Console>& consoles) {
    for (auto left = *rc::gen::inRange(0, 4); left > 0; --left) {
        Console channel{.target = Console::Target::channel};
        channel.name = *rc::gen::element<std::string>("org.example.agent.0", "a b", "<it's>", "é&");
        if (*rc::gen::arbitrary<bool>()) channel.socket = "/run/guests/" + std::to_string(left) + " & more";
        std::ignore = add_channel(consoles, channel);
    }
}

inline std::vector<SharedFolder> shared_folders() {
    using enum SharedFolder::Access;
    std::vector<SharedFolder> all;
    for (auto left = *rc::gen::inRange(0, 3); left > 0; --left)
        std::ignore = add_shared_folder(all, {.tag = *rc::gen::element<std::string>("home", "it's <mine>"),
                                              .path = *rc::gen::element<std::string>("/", "/srv/é & more"),
                                              .access = *rc::gen::element(passthrough, mapped, squash)});
    return all;
}

}  // namespace virtlight::domain::arbitrary
