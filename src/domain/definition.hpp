// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/uuid.hpp"
#include "domain/alias.hpp"
#include "domain/boot.hpp"
#include "domain/cpu_tuning.hpp"
#include "domain/disk.hpp"
#include "domain/nic.hpp"
#include "domain/numa.hpp"
#include "domain/pci.hpp"
#include "domain/platform.hpp"
#include "domain/serial_source.hpp"
#include "domain/settings.hpp"
#include "domain/shared_folder.hpp"
#include "domain/usb.hpp"
#include "domain/video.hpp"

namespace virtlight::domain {

/// How Xen runs the guest.
enum class GuestType { pv, pvh, hvm };

/// vCPUs that Xen gives such a guest at most.
constexpr unsigned most_vcpus(GuestType type) {
    return type == GuestType::pv ? limits::vcpus : limits::hvm_vcpus;
}

/// What is done when the guest stops by itself.
enum class LifecycleAction { destroy, restart, rename_restart, preserve, coredump_destroy, coredump_restart };

/// A character device that the guest sees. PV and PVH guests have the Xen console; HVM guests have serial
/// ports too; all can have channels, which are known by a name.
struct Console {
    enum class Target { xen, serial, channel };
    Target target = Target::xen;
    unsigned port = 0;   ///< of a channel its place among them, from 1, as Xen counts it behind its console
    std::string tty{};   ///< the pty in dom0 while the guest runs; empty in a definition that is not running
    std::string name{};  ///< of a channel; no other of the guest has it
    std::string socket{};   ///< of a channel: the UNIX socket in dom0 that serves it; empty: a pty
    SerialSource source{};  ///< of a serial port

    bool operator==(const Console&) const = default;
};

/// Whether it leads to a pty. Nothing reads any other here.
inline bool has_pty(const Console& console) {
    return console.socket.empty() && console.source.kind == SerialSource::Kind::pty;
}

/// Switches that libvirt writes under <features>. Absent there means off, as libvirt's Xen driver has it.
struct Features {
    bool acpi = false;
    bool apic = false;
    bool pae = false;
    std::optional<bool> hap{};  ///< hardware assisted paging; empty: Xen's default

    bool operator==(const Features&) const = default;
};

enum class Input { tablet, mouse, keyboard };

/// A sound card of an HVM guest.
enum class SoundModel { sb16, es1370, ac97, ich6 };

enum class ClockOffset { utc, localtime };

/// Everything that was asked for about a guest: what `virsh define` reads and `virsh dumpxml` writes. A
/// value: equal definitions describe the same guest.
struct Definition {
    std::string name;
    Uuid uuid{};
    std::string title{};
    std::string description{};
    std::string metadata{};  ///< the <metadata> element as XML text without our settings, or empty

    GuestType type = GuestType::pv;
    std::uint64_t memory_max_kib = 0;  ///< a multiple of 1024
    std::uint64_t memory_kib = 0;      ///< given at start; at most memory_max_kib; a multiple of 1024
    unsigned vcpus_max = 1;            ///< 1 to most_vcpus()
    unsigned vcpus = 1;                ///< online at start; at most vcpus_max
    CpuTuning cpu_tuning{};
    std::vector<NumaCell> numa{};  ///< as check_numa() allows; none: the guest sees no NUMA
    Boot boot{};
    Features features{};
    Platform platform{};
    ClockOffset clock = ClockOffset::utc;
    std::int32_t clock_adjustment = 0;  ///< seconds that the guest's clock is ahead of that

    LifecycleAction on_poweroff = LifecycleAction::destroy;
    LifecycleAction on_reboot = LifecycleAction::restart;
    LifecycleAction on_crash = LifecycleAction::destroy;

    std::string emulator{};                    ///< path of the device model; empty: Xen's own
    std::vector<std::string> emulator_args{};  ///< further arguments for it, each some text; may be empty
    std::vector<Disk> disks{};                 ///< in the order of their targets, which differ
    std::vector<Nic> nics{};                   ///< in the order in which the guest finds them
    std::vector<Console> consoles{};  ///< the Xen console first, then serial ports, then channels, by port
    std::vector<SharedFolder> shared_folders{};
    Graphics graphics{};
    Video video{};
    std::vector<Input> usb_inputs{};  ///< of an HVM guest, beside what a screen comes with
    std::optional<SoundModel> sound{};
    std::vector<PciDevice> pci_devices{};  ///< of the host's
    Usb usb{};                             ///< beside usb_inputs, which have a controller of their own
    /// A user's, of devices that have no value of their own which could hold it; each is there once among
    /// all.
    Aliases aliases{};
    std::string label{};  ///< XSM's (FLASK's), as check_label() allows; empty: that which Xen gives by itself
    Settings settings{};  ///< each as its rule allows, for the type of the guest

    bool operator==(const Definition&) const = default;
};

}  // namespace virtlight::domain
