// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace virtlight::domain {

enum class GuestType;

/// A USB controller of a guest: Xen's own, which a QEMU serves to a driver of the guest's, or one that an HVM
/// guest's device model emulates.
struct UsbController {
    enum class Model {
        qusb1,  ///< Xen's, USB 1.1
        qusb2,  ///< Xen's, USB 2.0
        uhci,   ///< emulated, USB 1.1, with 2 ports
        ehci,   ///< emulated, USB 2.0, with 6 ports
        xhci    ///< emulated, USB 3.0
    };

    unsigned index = 0;  ///< no other of the guest has it; below limits::usb_controllers
    Model model = Model::qusb2;
    unsigned ports = 8;   ///< 1 to 31; of an emulated one as it says, or up to 15
    std::string alias{};  ///< that the user gave it; empty: it has its own

    bool operator==(const UsbController&) const = default;
};

/// What a USB device says that it is.
struct UsbId {
    unsigned vendor = 0;   ///< 1 to 0xffff
    unsigned product = 0;  ///< up to 0xffff

    bool operator==(const UsbId&) const = default;
};

/// A USB device of the host that is handed to a guest: the one at an address, the only one that has an id, or
/// the one that has both.
struct UsbDevice {
    unsigned host_bus = 0;     ///< 1 to 255; 0 of one that is still to be found by its id
    unsigned host_device = 0;  ///< its number on that bus, 1 to 255; another one once it is plugged in again
    unsigned controller = 0;   ///< index of the guest's that it hangs on
    unsigned port = 0;         ///< of that controller, from 1; 0: it has no place yet
    bool managed = false;      ///< as was said; that dom0's driver lets go of it is QEMU's affair anyway
    std::string alias{};       ///< that the user gave it; empty: it has its own
    std::optional<UsbId> id{};
    bool found = false;  ///< by its id: its address is that of this life alone

    bool operator==(const UsbDevice&) const = default;
};

/// What a guest has of USB: each device has a port of a controller to itself.
struct Usb {
    std::vector<UsbController> controllers{};  ///< in the order of their indexes
    std::vector<UsbDevice> devices{};

    bool operator==(const Usb&) const = default;
};

/// The model of a controller whose definition names none.
UsbController::Model usual_usb_model(GuestType type);
/// The ports of a controller whose definition does not count them.
unsigned usual_ports(UsbController::Model model);
/// The lowest index that none of them has.
unsigned free_index(const std::vector<UsbController>& controllers);

/// The lowest port of a controller that no device has; 0: none is free, or there is no such controller.
unsigned free_port(const Usb& usb, unsigned controller);

/// Adds a controller. unsupported_config: a guest of this type cannot have it; invalid_argument: its index is
/// taken.
Result<> add_usb_controller(Usb& usb, const UsbController& controller, GuestType type);

/// Adds a device, on the first free port unless it has a place. unsupported_config: it has no address;
/// invalid_argument: the guest has it already, its port is taken or not there, or there is none left.
Result<> add_usb_device(Usb& usb, UsbDevice device);

/// The same as libxl does it for a guest that starts: where no port is free, a controller is added, too.
Result<> add_usb_device_with_room(Usb& usb, UsbDevice device, GuestType type);

/// "0951:1666"
std::string to_string(const UsbId& id);
/// "1.3": bus and number on the host; its id where it has none yet.
std::string to_string(const UsbDevice& device);

/// Whether they are one device of the host, as far as is known.
bool same_device(const UsbDevice& one, const UsbDevice& other);

/// Without the addresses by which devices were found in this life: for another one they are to be found
/// again.
Usb without_found_addresses(Usb usb);

/// Names in a running guest's XML and in events: "usb0", "usb0-port1".
std::string alias_of(const UsbController& controller);
std::string alias_of(const UsbDevice& device);

}  // namespace virtlight::domain
