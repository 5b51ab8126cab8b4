// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/device_acts.hpp"

#include <array>
#include <memory>

extern "C" {
#include <xen/io/xenbus.h>
}

#include "xenlight/disks.hpp"
#include "xenlight/host_devices.hpp"
#include "xenlight/links.hpp"
#include "xenlight/nics.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Device;
using domain::Disk;
using domain::Nic;
using domain::PciDevice;
using domain::UsbController;
using domain::UsbDevice;
using hypervisor::DomId;

/// One of libxl's functions that do something with a device.
template <class Theirs>
using Act = int(libxl_ctx*, std::uint32_t, Theirs*, const libxl_asyncop_how*);

/// With a device that is all that libxl needs to know.
template <class Theirs>
Operations::Start start(DomId domid, std::shared_ptr<Theirs> theirs,
                        Act<std::remove_pointer_t<decltype(theirs->get())>>* act) {
    return [domid, theirs, act](libxl_ctx* ctx, const libxl_asyncop_how* how) {
        return act(ctx, domid, theirs->get(), how);
    };
}

// Disks

std::string libxl_path(DomId domid, const Disk& disk) {
    return fmt::format("/libxl/{}/device/vbd/{}", domid, device_number(disk.target));
}

std::shared_ptr<LibxlDisk> theirs(const Disk& disk) {
    auto written = std::make_shared<LibxlDisk>();
    write_disk(disk, **written);
    return written;
}

Operations::Start add(DomId domid, const Disk& disk) {
    return start(domid, theirs(disk), libxl_device_disk_add);
}

/// libxl wants to be told what it knows: which backend serves the disk.
Operations::Start take(DomId domid, const Disk& disk, Act<libxl_device_disk>* act) {
    return [domid, name = to_string(disk.target), found = std::make_shared<LibxlDisk>(), act](
               libxl_ctx* ctx, const libxl_asyncop_how* how) {
        const int rc = libxl_vdev_to_device_disk(ctx, domid, name.c_str(), found->get());
        return rc != 0 ? rc : act(ctx, domid, found->get(), how);
    };
}
/// Never by force: it may hold a file system that the guest has mounted.
Operations::Start remove(DomId domid, const Disk& disk) {
    return take(domid, disk, libxl_device_disk_safe_remove);
}
Operations::Start destroy(DomId domid, const Disk& disk) {
    return take(domid, disk, libxl_device_disk_destroy);
}

// Network interfaces

std::string libxl_path(DomId domid, const Nic& nic) {
    return fmt::format("/libxl/{}/device/vif/{}", domid, nic.devid);
}

/// A vif is all that comes to a guest that runs, of whatever type it is.
Operations::Start add(DomId domid, const Nic& nic) {
    auto written = std::make_shared<LibxlNic>();
    write_nic(nic, domain::GuestType::pv, **written);
    return start(domid, written, libxl_device_nic_add);
}

/// As with disks.
Operations::Start take(DomId domid, const Nic& nic, Act<libxl_device_nic>* act) {
    return [domid, devid = static_cast<int>(nic.devid), found = std::make_shared<LibxlNic>(), act](
               libxl_ctx* ctx, const libxl_asyncop_how* how) {
        const int rc = libxl_devid_to_device_nic(ctx, domid, devid, found->get());
        return rc != 0 ? rc : act(ctx, domid, found->get(), how);
    };
}
/// By force after ten seconds: libxl has no other way.
Operations::Start remove(DomId domid, const Nic& nic) {
    return take(domid, nic, libxl_device_nic_remove);
}
Operations::Start destroy(DomId domid, const Nic& nic) {
    return take(domid, nic, libxl_device_nic_destroy);
}

// PCI devices

std::shared_ptr<LibxlPci> theirs(const PciDevice& device) {
    auto written = std::make_shared<LibxlPci>();
    write_pci(device, **written);
    return written;
}

Operations::Start add(DomId domid, const PciDevice& device,
                      libxl_rdm_reserve_policy regions = LIBXL_RDM_RESERVE_POLICY_INVALID) {
    const auto written = theirs(device);
    (*written)->rdm_policy = regions;
    return start(domid, written, libxl_device_pci_add);
}
Operations::Start remove(DomId domid, const PciDevice& device) {
    return start(domid, theirs(device), libxl_device_pci_remove);
}
Operations::Start destroy(DomId domid, const PciDevice& device) {
    return start(domid, theirs(device), libxl_device_pci_destroy);
}

// USB controllers

std::string libxl_path(DomId domid, const UsbController& controller) {
    return fmt::format("/libxl/{}/device/vusb/{}", domid, controller.index);
}

std::shared_ptr<LibxlUsbController> theirs(const UsbController& controller) {
    auto written = std::make_shared<LibxlUsbController>();
    write_usb_controller(controller, **written);
    return written;
}

Operations::Start add(DomId domid, const UsbController& controller) {
    return start(domid, theirs(controller), libxl_device_usbctrl_add);
}
/// As with network interfaces.
Operations::Start remove(DomId domid, const UsbController& controller) {
    return start(domid, theirs(controller), libxl_device_usbctrl_remove);
}
Operations::Start destroy(DomId domid, const UsbController& controller) {
    return start(domid, theirs(controller), libxl_device_usbctrl_destroy);
}

// USB devices

std::shared_ptr<LibxlUsbDevice> theirs(const UsbDevice& device) {
    auto written = std::make_shared<LibxlUsbDevice>();
    write_usb_device(device, **written);
    return written;
}

Operations::Start add(DomId domid, const UsbDevice& device) {
    return start(domid, theirs(device), libxl_device_usbdev_add);
}
/// The guest is never asked.
Operations::Start remove(DomId domid, const UsbDevice& device) {
    return start(domid, theirs(device), libxl_device_usbdev_remove);
}
Operations::Start destroy(DomId domid, const UsbDevice& device) {
    return remove(domid, device);
}

// Where xenstore has them

bool stands(Xenstore& xenstore, DomId domid, const auto& device) {
    return xenstore.read(libxl_path(domid, device)).has_value();
}

/// All PCI devices of a guest are one device of Xen's, which lists them.
bool stands(Xenstore& xenstore, DomId domid, const PciDevice& device) {
    const auto folder = fmt::format("/local/domain/0/backend/pci/{}/0/", domid);
    const auto count = xenstore.read_number(folder + "num_devs").value_or(0);
    for (std::uint64_t i = 0; i < count; ++i)
        if (xenstore.read(fmt::format("{}dev-{}", folder, i)) == to_string(device.address)) return true;
    return false;
}

/// The port of a controller says which device it has. It is with the one who serves the controller.
bool stands(Xenstore& xenstore, DomId domid, const UsbDevice& device) {
    const auto controller = fmt::format("/libxl/{}/device/vusb/{}", domid, device.controller);
    const auto served = xenstore.read(controller + "/backend").value_or(controller);
    return !xenstore.read(fmt::format("{}/port/{}", served, device.port)).value_or("").empty();
}

}  // namespace

bool is_there(Xenstore& xenstore, DomId domid, const Device& device) {
    return std::visit([&](const auto& one) { return stands(xenstore, domid, one); }, device);
}

Operations::Start start_adding(DomId domid, const Device& device, libxl_rdm_reserve_policy regions) {
    if (const auto* const pci = std::get_if<PciDevice>(&device)) return add(domid, *pci, regions);
    return std::visit([domid](const auto& one) { return add(domid, one); }, device);
}

Operations::Start start_removing(DomId domid, const Device& device) {
    return std::visit([domid](const auto& one) { return remove(domid, one); }, device);
}

Operations::Start start_destroying(DomId domid, const Device& device) {
    return std::visit([domid](const auto& one) { return destroy(domid, one); }, device);
}

Operations::Start start_changing_medium(DomId domid, const Disk& disk) {
    return start(domid, theirs(disk), libxl_cdrom_insert);
}

Result<> show_unmade_drive(Xenstore& xenstore, DomId domid, const Disk& disk, bool shown) {
    const auto backend = xenstore.read(libxl_path(domid, disk) + "/backend");
    if (!backend || !backend->contains("/qdisk/")) return {};
    const bool made = xenstore.read_number(*backend + "/state") != XenbusStateInitialising;
    return made ? Result<>() : xenstore.write(*backend + "/online", shown ? "1" : "0");
}

Result<> write_rate(Xenstore& xenstore, DomId domid, const Nic& nic) {
    const auto backend = xenstore.read(libxl_path(domid, nic) + "/backend");
    if (!backend)
        return fail(Reason::no_device, "domain {} has no network interface {}", domid, to_string(nic.mac));
    const auto path = *backend + "/rate";
    const auto rate = rate_words(nic);
    return rate.empty() ? xenstore.remove(path) : xenstore.write(path, rate);
}

void look_at_nics(Xenstore& xenstore, DomId domid, std::vector<Nic>& nics) {
    for (auto& nic : nics) {
        const auto backend = xenstore.read(libxl_path(domid, nic) + "/backend");
        if (!backend) continue;
        nic.rate_kib = rate_in(xenstore.read(*backend + "/rate").value_or(""));
        if (nic.backend_domain.empty()) nic.link_down = is_link_down(nic, domid);
    }
}

}  // namespace virtlight::xenlight
