// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::simulated {

/// How long things take.
struct Times {
    Duration command = milliseconds(1);  ///< whatever needs no more than a few calls of Xen: look, pause, ...
    Duration build = milliseconds(100);  ///< a domain, until Xen's tools are told of it
    Duration devices = milliseconds(10);  ///< from there until its create is done
    Duration keeps_device = seconds(2);   ///< until one that the guest does not let go of is given up
    Duration acknowledge = milliseconds(5);
    Duration power_off = milliseconds(300);  ///< from the acknowledgement until the guest has stopped
    Duration image = milliseconds(100);      ///< to write or read the memory of a guest
    Duration dying = milliseconds(20);       ///< from destroy until the domain is gone
    Duration attention = milliseconds(1);    ///< from a happening until the call for attention
};

/// The machine that is simulated.
struct Settings {
    std::uint64_t memory_kib = 4 * 1024 * 1024;
    std::uint64_t dom0_memory_kib = 512 * 1024;
    unsigned cpus = 2;
    unsigned nodes = 2;  ///< NUMA nodes, each a socket with its share of the processors
    /// Two network cards that guests may have, one with a driver of dom0's.
    std::vector<hypervisor::HostPciDevice> pci_devices{{.address = {.bus = 7},
                                                        .vendor = 0x8086,
                                                        .product = 0x10d3,
                                                        .vendor_name = "Intel Corporation",
                                                        .product_name = "82574L Gigabit",
                                                        .class_code = 0x020000,
                                                        .driver = "e1000e",
                                                        .path = "/sys/devices/pci0000:00/0000:07:00.0"},
                                                       {.address = {.bus = 8},
                                                        .vendor = 0x8086,
                                                        .product = 0x1521,
                                                        .class_code = 0x020000,
                                                        .driver = "pciback",
                                                        .assignable = true,
                                                        .path = "/sys/devices/pci0000:00/0000:08:00.0"}};
    /// The interface of one of them, a USB stick and two of another kind, and a disk of SCSI's.
    std::vector<hypervisor::HostDevice> host_devices{
        {.path = "/sys/devices/pci0000:00/0000:07:00.0/net/eth0",
         .what = hypervisor::HostInterface{"eth0", "00:16:3e:00:00:01", "up", 1000, true}},
        {.path = "/sys/devices/usb1",
         .driver = "usb",
         .what = hypervisor::HostUsbDevice{1, 1, {0x1d6b, 2}, "Linux", "root hub"}},
        {.path = "/sys/devices/usb1/1-4",
         .driver = "usb",
         .what = hypervisor::HostUsbDevice{1, 4, {0x951, 0x1666}, "Kingston", "DataTraveler"}},
        {.path = "/sys/devices/usb1/1-5",
         .driver = "usb",
         .what = hypervisor::HostUsbDevice{1, 5, {0x781, 0x5567}, "SanDisk", "Cruzer"}},
        {.path = "/sys/devices/usb2",
         .driver = "usb",
         .what = hypervisor::HostUsbDevice{2, 1, {0x1d6b, 2}, "Linux", "root hub"}},
        {.path = "/sys/devices/usb2/2-3",
         .driver = "usb",
         .what = hypervisor::HostUsbDevice{2, 3, {0x781, 0x5567}, "SanDisk", "Cruzer"}},
        {.path = "/sys/devices/host2/target2:0:0/2:0:0:0",
         .driver = "sd",
         .what = hypervisor::HostScsiDevice{2, 0, 0, 0, "disk"}},
        {.path = "/sys/devices/host2/target2:0:0/2:0:0:0/block/sda",
         .what = hypervisor::HostDisk{"/dev/sda", "Virtlight", "simulated disk", "4711", 64ULL << 30}}};
    /// Domids count up to here and then begin again at 1, as on Xen. Those that live are passed over.
    hypervisor::DomId last_domid = 0x7fef;
    Times times{};
    /// How long takes this time what usually takes so long; empty: as long as usual. The only way for chance
    /// to get in, so that a seed of the caller's decides everything.
    std::function<Duration(Duration)> vary{};

    Duration takes(Duration usual) const { return vary ? vary(usual) : usual; }
};

}  // namespace virtlight::simulated
