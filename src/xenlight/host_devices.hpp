// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "base/result.hpp"
#include "domain/definition.hpp"
#include "xenlight/libxl.hpp"

/// Devices of the host that guests get to themselves, and the USB controllers on which those hang, in libxl's
/// words and back. Pure.
namespace virtlight::xenlight {

using LibxlPci = Owned<libxl_device_pci, libxl_device_pci_init, libxl_device_pci_dispose>;
using LibxlUsbController =
    Owned<libxl_device_usbctrl, libxl_device_usbctrl_init, libxl_device_usbctrl_dispose>;
using LibxlUsbDevice = Owned<libxl_device_usbdev, libxl_device_usbdev_init, libxl_device_usbdev_dispose>;

/// `written` is fresh.
void write_pci(const domain::PciDevice& device, libxl_device_pci& written);
void write_usb_controller(const domain::UsbController& controller, libxl_device_usbctrl& written);
void write_usb_device(const domain::UsbDevice& device, libxl_device_usbdev& written);

/// `config` has none yet.
void write_host_devices(const domain::Definition& definition, libxl_domain_config& config);
/// How regions are kept free that PCI devices of this guest reserve; invalid: as libxl does.
libxl_rdm_reserve_policy region_policy(const libxl_domain_config& config);
/// libxl wants to be told of each device what a definition says of the guest.
void spread_region_policy(libxl_domain_config& config);
/// Without those that a definition cannot hold.
void read_host_devices(const libxl_domain_config& config, domain::Definition& definition);
/// Whether a definition can hold all of them. unsupported_config: says what it cannot.
Result<> check_host_devices(const libxl_domain_config& config, domain::GuestType type);

}  // namespace virtlight::xenlight
