// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include <rapidcheck.h>

#include "base/limits.hpp"
#include "domain/arbitrary_aliases.hpp"
#include "domain/arbitrary_host_devices.hpp"
#include "domain/arbitrary_nics.hpp"
#include "domain/arbitrary_platform.hpp"
#include "domain/arbitrary_screen.hpp"
#include "domain/definition.hpp"
#include "domain/name.hpp"
#include "domain/xml.hpp"

/// rapidcheck's source of valid definitions, such that each field takes all kinds of values that it may have.

namespace virtlight::domain::arbitrary {

/// Text that XML can carry, with all that needs care in it.
inline rc::Gen<std::string> text() {
    const auto piece =
        rc::gen::element<std::string>("a", "Z", "0", " ", "-", ".", "&", "<", ">", "'", "\"", "]]>", "\t",
                                      "\n", "\r", "&amp;", "<!--", "é", "€", "\U0001f427");
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
        std::string all;
        for (const auto& one : pieces)
            all += one;
        return all;
    });
}

/// The same without some characters.
inline rc::Gen<std::string> text_without(std::string characters) {
    return rc::gen::map(text(), [characters](std::string all) {
        std::erase_if(all, [&](char c) { return characters.contains(c); });
        return all;
    });
}

inline rc::Gen<std::string> name() {
    return rc::gen::suchThat(text_without("/\t\n\r"),
                             [](const auto& n) { return check_name(n).has_value(); });
}

/// Empty, or the absolute path of a file.
inline rc::Gen<std::string> path() {
    return rc::gen::map(text_without("\n\r"), [](std::string all) { return all.empty() ? all : "/" + all; });
}

/// A <metadata> element in the form in which it is kept.
inline rc::Gen<std::string> metadata() {
    return rc::gen::map(text(), [](const std::string& note) -> std::string {
        if (note.empty()) return {};
        std::string escaped;
        for (const char c : note) {
            switch (c) {
                case '&': escaped += "&amp;"; break;
                case '<': escaped += "&lt;"; break;
                case '>': escaped += "&gt;"; break;
                case '\r': escaped += "&#13;"; break;
                default: escaped += c;
            }
        }
        return "<metadata>\n <n:note xmlns:n=\"urn:note\" for=\"you\">" + escaped +
               "<!-- c --></n:note><tag xmlns=\"urn:tag\"/></metadata>";
    });
}

/// From one MiB to more than any host has, in KiB.
inline rc::Gen<std::uint64_t> memory_kib() {
    constexpr std::uint64_t mib_most = 1ULL << 43;
    return rc::gen::map(rc::gen::inRange<std::uint64_t>(1, mib_most), [](auto mib) { return mib * 1024; });
}

inline rc::Gen<LifecycleAction> stop_action() {
    using enum LifecycleAction;
    return rc::gen::element(destroy, restart, rename_restart, preserve);
}

inline rc::Gen<LifecycleAction> crash_action() {
    using enum LifecycleAction;
    return rc::gen::element(destroy, restart, rename_restart, preserve, coredump_destroy, coredump_restart);
}

inline rc::Gen<SerialSource> serial_source() {
    using enum SerialSource::Kind;
    return rc::gen::element(
        SerialSource(), SerialSource{.kind = null}, SerialSource{.kind = vc}, SerialSource{.kind = stdio},
        SerialSource{.kind = file, .path = "/srv/é, <it's> & more"},
        SerialSource{.kind = pipe, .path = "/p:q"}, SerialSource{.kind = device, .path = "/dev/ttyS1"},
        SerialSource{.kind = tcp, .host = "host-1.example", .service = "4444"},
        SerialSource{.kind = tcp, .listens = true, .telnet = true, .service = "telnet"},
        SerialSource{.kind = udp, .service = "1"},
        SerialSource{.kind = udp, .host = "10.0.0.1", .service = "65535", .own_service = "4555"},
        SerialSource{.kind = udp, .service = "syslog", .own_host = "0.0.0.0", .own_service = "9"},
        SerialSource{.kind = unix_socket, .path = "/run/a b", .listens = true},
        SerialSource{.kind = unix_socket, .path = "/run/<c>"});
}

inline std::vector<Console> consoles(GuestType type) {
    std::vector<Console> all;
    if (type != GuestType::hvm || *rc::gen::arbitrary<bool>()) all.push_back({Console::Target::xen, 0});
    const unsigned serials =
        type == GuestType::hvm ? *rc::gen::inRange(0U, unsigned{limits::serial_ports} + 1) : 0;
    for (unsigned port = 0; port < serials; ++port)
        all.push_back({.target = Console::Target::serial, .port = port, .source = *serial_source()});
    return all;
}

inline Boot boot(GuestType type) {
    const auto word =
        rc::gen::map(text_without(" \t\n\r/"), [](const std::string& all) { return "p" + all; });
    Boot b;
    if (type != GuestType::pvh || *rc::gen::arbitrary<bool>()) b.kernel = *path();
    if (type == GuestType::hvm) {
        using enum BootDevice;
        b.order = {*rc::gen::element(disk, cdrom, network, floppy)};
        for (const auto next : {disk, cdrom, network, floppy})
            if (next != b.order.front() && *rc::gen::arbitrary<bool>()) b.order.push_back(next);
        b.firmware = *rc::gen::element(Firmware::chosen, Firmware::bios, Firmware::efi);
        if (b.firmware != Firmware::chosen) b.loader = *path();
        if (b.kernel.empty()) return b;
    } else if (b.kernel.empty() || *rc::gen::arbitrary<bool>()) {
        b.bootloader = *word;
        b.bootloader_args = *rc::gen::container<std::vector<std::string>>(word);
    }
    b.initrd = *path();
    b.cmdline = *text();
    return b;
}

inline rc::Gen<DiskName> disk_name() {
    return rc::gen::exec([] {
        using enum DiskBus;
        DiskName name{.bus = *rc::gen::element(xen, ide, scsi)};
        const unsigned indexes = name.bus == xen ? 1U << 20 : name.bus == ide ? 4 : 16;
        name.index = *rc::gen::oneOf(rc::gen::inRange(0U, 4U), rc::gen::inRange(0U, indexes));
        name.partition =
            *rc::gen::oneOf(rc::gen::just(0U), rc::gen::inRange(0U, name.bus == ide ? 64U : 16U));
        return name;
    });
}

/// One that a guest of this type may have.
inline rc::Gen<Disk> disk(GuestType type) {
    auto any = rc::gen::exec([] {
        Disk d{.target = *disk_name()};
        d.device = *rc::gen::element(Disk::Device::disk, Disk::Device::cdrom);
        d.path = *path();
        if (!d.path.empty()) d.source = *rc::gen::element(Disk::Source::file, Disk::Source::block);
        d.format = *rc::gen::element(Disk::Format::raw, Disk::Format::qcow, Disk::Format::qcow2,
                                     Disk::Format::vhd, Disk::Format::qed);
        d.backend = *rc::gen::element(Disk::Backend::chosen, Disk::Backend::phy, Disk::Backend::qemu);
        if (*rc::gen::arbitrary<bool>()) d.backend_domain = other_domain(*name());
        d.readonly = d.device == Disk::Device::cdrom || *rc::gen::arbitrary<bool>();
        d.shareable = *rc::gen::arbitrary<bool>();
        d.direct_io = *rc::gen::arbitrary<bool>();
        if (*rc::gen::arbitrary<bool>()) d.discard = *rc::gen::arbitrary<bool>();
        return d;
    });
    return rc::gen::suchThat(any, [type](const Disk& d) { return check_disk(d, type).has_value(); });
}

/// Those that clash with others are left out.
inline std::vector<Disk> disks(GuestType type) {
    std::vector<Disk> all;
    for (auto& one : *rc::gen::container<std::vector<Disk>>(disk(type)))
        std::ignore = add_disk(all, std::move(one), type);
    return all;
}

inline rc::Gen<std::vector<unsigned>> few(rc::Gen<unsigned> numbers) {
    return rc::gen::resize(8, rc::gen::container<std::vector<unsigned>>(std::move(numbers)));
}

inline CpuSet cpu_set() {
    CpuSet set;
    for (const auto cpu : *few(rc::gen::inRange(0U, 70U)))
        set.insert(cpu);
    return set;
}

inline CpuTuning cpu_tuning(unsigned vcpus_max) {
    CpuTuning tuning{.cpus = cpu_set()};
    for (const auto vcpu : *few(rc::gen::inRange(0U, vcpus_max)))
        if (auto cpus = cpu_set(); !cpus.empty()) tuning.pins[vcpu] = std::move(cpus);
    if (*rc::gen::arbitrary<bool>()) tuning.share.weight = *rc::gen::inRange(1U, CpuShare::weight_most + 1);
    if (*rc::gen::arbitrary<bool>()) tuning.share.cap = *rc::gen::inRange(1U, CpuShare::cap_most + 1);
    return tuning;
}

inline Definition definition() {
    Definition d;
    d.name = *name();
    d.uuid.bytes =
        *rc::gen::suchThat<decltype(d.uuid.bytes)>([](const auto& b) { return !Uuid{b}.is_nil(); });
    d.title = *text_without("\n");
    d.description = *text();
    d.metadata = *metadata();
    d.type = *rc::gen::element(GuestType::pv, GuestType::pvh, GuestType::hvm);
    d.memory_max_kib = *memory_kib();
    d.memory_kib = *rc::gen::map(memory_kib(), [&](auto kib) { return std::min(kib, d.memory_max_kib); });
    d.vcpus_max = *rc::gen::inRange(1U, most_vcpus(d.type) + 1);
    d.vcpus = *rc::gen::inRange(1U, d.vcpus_max + 1);
    d.cpu_tuning = cpu_tuning(d.vcpus_max);
    d.boot = boot(d.type);
    d.features.acpi = *rc::gen::arbitrary<bool>();
    d.features.apic = *rc::gen::arbitrary<bool>();
    d.features.pae = *rc::gen::arbitrary<bool>() || d.type == GuestType::hvm;
    if (*rc::gen::arbitrary<bool>()) d.features.hap = *rc::gen::arbitrary<bool>();
    if (d.type == GuestType::hvm && *rc::gen::arbitrary<bool>()) {
        d.memory_kib = d.memory_max_kib;
        d.numa = numa(d.memory_max_kib, d.vcpus_max);
        d.features.acpi = d.features.acpi || !d.numa.empty();
    }
    d.platform = platform(d.type);
    d.settings = settings(d.type);
    d.label = *rc::gen::element<std::string>("", "system_u:system_r:domU_t", "a<&>'\"");
    d.clock = *rc::gen::element(ClockOffset::utc, ClockOffset::localtime);
    d.clock_adjustment = *rc::gen::element(0, 3600, -3600, *rc::gen::arbitrary<std::int32_t>());
    d.on_poweroff = *stop_action();
    d.on_reboot = *stop_action();
    d.on_crash = *crash_action();
    d.emulator = *path();
    if (*rc::gen::arbitrary<bool>())
        d.emulator_args = *rc::gen::container<std::vector<std::string>>(
            rc::gen::element<std::string>("-device", "x,y=z", "it's <\"mine\"> & é", "0"));
    d.disks = disks(d.type);
    d.nics = nics(d.type);
    d.consoles = consoles(d.type);
    add_channels(d.consoles);
    d.shared_folders = shared_folders();
    d.graphics = graphics(d.type);
    d.video = video(d.type, d.graphics);
    d.usb_inputs = usb_inputs(d.type);
    d.sound = sound(d.type);
    d.pci_devices = pci_devices(d.type);
    d.usb = usb(d.type);
    add_aliases(d);
    return d;
}

}  // namespace virtlight::domain::arbitrary

template <>
struct rc::Arbitrary<virtlight::domain::Definition> {
    static Gen<virtlight::domain::Definition> arbitrary() {
        return gen::exec([] { return virtlight::domain::arbitrary::definition(); });
    }
};

namespace virtlight::domain {

/// How rapidcheck prints a counterexample.
inline void showValue(const Definition& definition, std::ostream& out) {
    out << format_xml(definition);
}

}  // namespace virtlight::domain
