// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <iterator>
#include <limits>

#include "domain/device_specs.hpp"
#include "domain/settings.hpp"
#include "domain/text.hpp"

/// The settings that there are. xenlight/settings.cpp says where libxl has each of them.
namespace virtlight::domain {

namespace setting_forms {

/// "2f8-2ff" or "2f8".
bool is_port_range(std::string_view text);
/// "fe000,2" or "fe000,2@a0000": number of the first page, pages, place in the guest.
bool is_page_range(std::string_view text);
bool is_irq(std::string_view text);
/// As CpuSet::parse_xls().
bool is_cpu_set(std::string_view text);

inline constexpr std::string_view disk_controllers[] = {"ide", "ahci"};
inline constexpr std::string_view timer_modes[] = {"delay_for_missed_ticks", "no_delay_for_missed_ticks",
                                                   "no_missed_ticks_pending", "one_missed_tick_pending"};
inline constexpr std::string_view altp2m_modes[] = {"disabled", "mixed", "external", "limited"};
inline constexpr std::string_view machine_checks[] = {"lmce"};
inline constexpr std::string_view generation_ids[] = {"none", "generate"};
inline constexpr std::string_view vendor_devices[] = {"none", "xenserver"};
inline constexpr std::string_view reserved_regions[] = {"strategy=host", "strategy=host,policy=strict",
                                                        "strategy=host,policy=relaxed"};
inline constexpr std::string_view graphics_cards[] = {"default", "igd"};
inline constexpr std::string_view device_models[] = {"qemu-xen-traditional", "qemu-xen"};
inline constexpr std::string_view gic_versions[] = {"default", "v2", "v3"};
inline constexpr std::string_view tees[] = {"none", "optee"};
inline constexpr std::string_view enlightenments[] = {"defaults",
                                                      "all",
                                                      "base",
                                                      "freq",
                                                      "time_ref_count",
                                                      "reference_tsc",
                                                      "hcall_remote_tlb_flush",
                                                      "apic_assist",
                                                      "crash_ctl",
                                                      "synic",
                                                      "stimer",
                                                      "hcall_ipi",
                                                      "ex_processor_masks",
                                                      "no_vp_limit",
                                                      "cpu_hotplug",
                                                      "!base",
                                                      "!freq",
                                                      "!time_ref_count",
                                                      "!reference_tsc",
                                                      "!hcall_remote_tlb_flush",
                                                      "!apic_assist",
                                                      "!crash_ctl",
                                                      "!synic",
                                                      "!stimer",
                                                      "!hcall_ipi",
                                                      "!ex_processor_masks",
                                                      "!no_vp_limit",
                                                      "!cpu_hotplug"};

using Kind = SettingRule::Kind;
inline constexpr unsigned any = SettingRule::any;
inline constexpr unsigned pv = SettingRule::pv;
inline constexpr unsigned pvh = SettingRule::pvh;
inline constexpr unsigned hvm = SettingRule::hvm;
inline constexpr std::uint64_t most_int = std::numeric_limits<std::int32_t>::max();
inline constexpr std::uint64_t most_mib = std::uint64_t{1} << 30;

constexpr SettingRule flag(std::string_view name, unsigned guests, std::string_view meaning) {
    return {.name = name, .kind = Kind::flag, .guests = guests, .meaning = meaning};
}
constexpr SettingRule number(std::string_view name, unsigned guests, std::uint64_t least, std::uint64_t most,
                             std::string_view meaning) {
    return {.name = name,
            .kind = Kind::number,
            .guests = guests,
            .meaning = meaning,
            .least = least,
            .most = most};
}
constexpr SettingRule word(std::string_view name, unsigned guests, std::span<const std::string_view> words,
                           std::string_view meaning, int first_number = -1) {
    return {.name = name,
            .kind = Kind::word,
            .guests = guests,
            .meaning = meaning,
            .words = words,
            .first_number = first_number};
}
constexpr SettingRule text(std::string_view name, unsigned guests, std::string_view meaning) {
    return {.name = name, .kind = Kind::text, .guests = guests, .meaning = meaning};
}
constexpr SettingRule path(std::string_view name, unsigned guests, std::string_view meaning) {
    return {.name = name,
            .kind = Kind::text,
            .guests = guests,
            .meaning = meaning,
            .fits = is_file_path,
            .form = "the absolute path of a file, in one line"};
}
constexpr SettingRule texts(std::string_view name, unsigned guests, std::string_view meaning,
                            bool (*fits)(std::string_view) = nullptr, std::string_view form = {}) {
    return {
        .name = name, .kind = Kind::texts, .guests = guests, .meaning = meaning, .fits = fits, .form = form};
}
constexpr SettingRule words(std::string_view name, unsigned guests, std::span<const std::string_view> words,
                            std::string_view meaning) {
    return {.name = name, .kind = Kind::texts, .guests = guests, .meaning = meaning, .words = words};
}

inline constexpr SettingRule table[] = {
    // Where it runs, and what it may have of Xen.
    text("pool", any, "the CPU pool that it runs in"),
    texts("cpus_soft", any, "where its vCPUs run best: one set for all of them, or one for each", is_cpu_set,
          "numbers of processors, as 0-3,^1, or all,^1"),
    number("period", any, 0, most_int, "microseconds, of the RTDS scheduler"),
    number("extratime", any, 0, 1, "whether it gets what is left over, of the RTDS scheduler"),
    number("slice", any, 0, most_int, "of the scheduler sedf; those of today make nothing of it"),
    number("latency", any, 0, most_int, "the same"),
    text("init_seclabel", any, "XSM's label for it while it is built"),
    number("max_maptrack_frames", any, 0, most_int, "of its table of mapped grants"),
    number("max_grant_version", any, 0, 2, "of its grant tables"),
    flag("nomigrate", any, "it is not to be migrated, and may have what forbids that"),
    flag("driver_domain", any, "it may serve devices to other guests"),
    flag("xend_suspend_evtchn_compat", any, "its suspend event channel is set up as xend did"),
    number("vmtrace_buf_kb", any, 0, most_int, "KiB for tracing each vCPU"),
    flag("vpmu", any, "it has performance counters"),
    flag("msr_relaxed", any, "MSRs that Xen does not know can be read"),
    texts("ioports", any, "I/O ports of the host", is_port_range, "hexadecimal numbers, as 2f8-2ff"),
    texts("irqs", any, "interrupts of the host", is_irq, "a number"),
    texts("iomem", any, "pages of the host's devices", is_page_range,
          "hexadecimal numbers, as START,PAGES or START,PAGES@PAGE"),
    text("device_tree", any, "a device tree for guests on Arm"),
    word("gic_version", any, gic_versions, "the interrupt controller of guests on Arm"),
    word("tee", any, tees, "the trusted environment of guests on Arm"),

    // How it is virtualised.
    flag("pvshim", pvh, "its kernel is a PV kernel, in a shim"),
    path("pvshim_path", pvh, "the shim; Xen's own where it is missing"),
    text("pvshim_cmdline", pvh, "the shim's command line"),
    text("pvshim_extra", pvh, "what is added to the shim's command line"),
    flag("oos", hvm, "shadow page tables may be out of sync"),
    number("shadow_memory", any, 0, most_mib, "MiB for its page tables"),
    word("altp2m", pvh | hvm, altp2m_modes, "who may use alternative page tables", 0),
    word("timer_mode", pvh | hvm, timer_modes, "what becomes of ticks that it has missed", 0),
    flag("vpt_align", hvm, "its timers are aligned"),
    flag("nx", hvm, "it has no-execute pages"),
    words("viridian", hvm, enlightenments, "interfaces of Hyper-V's; `defaults` is what 1 means"),
    words("mca_caps", hvm, machine_checks, "capabilities of machine checks"),

    // What machine it finds.
    flag("acpi_laptop_slate", hvm, "it has ACPI's device for laptops that are slates"),
    path("acpi_firmware", hvm, "further tables for ACPI"),
    path("smbios_firmware", hvm, "further tables for SMBIOS"),
    word("ms_vm_genid", hvm, generation_ids, "it has an id of its generation, a new one each time"),
    number("mmio_hole", hvm, 256, 3840, "MiB below 4 GiB that are for devices"),
    word("rdm", hvm, reserved_regions, "how regions that devices reserve are kept free"),
    number("rdm_mem_boundary", hvm, 0, most_mib, "MiB below which such a region is a conflict"),
    flag("xen_platform_pci", hvm, "it has Xen's PCI device, for its PV drivers"),
    word("vendor_device", hvm, vendor_devices, "a PCI device for drivers of a vendor"),
    word("hdtype", hvm, disk_controllers, "what its disks hdX are on"),
    word("gfx_passthru", hvm, graphics_cards,
         "a graphics card of the host's is its own; `default` is what 1 means", 1),
    flag("pci_msitranslate", any, "its PCI devices have their MSI translated, by qemu-xen-traditional"),
    flag("pci_power_mgmt", any, "it manages the power of its PCI devices, by qemu-xen-traditional"),
    flag("usb", hvm, "it has a USB 1.1 controller"),
    number("usbversion", hvm, 1, 3, "it has a USB controller of this version"),
    number("spiceusbredirection", hvm, 1, 4, "USB devices that SPICE clients can redirect"),
    flag("vkb_device", hvm, "it has Xen's keyboard, too"),

    // Devices of Xen's own.
    texts("vkb", pv | pvh, "keyboards and pointers", is_keyboard_spec,
          "KEY=VALUE,..., with a backend-type, as xl.cfg(5) has it"),
    texts("vdispl", pv | pvh, "displays", is_display_spec,
          "KEY=VALUE,..., with connectors, as xl.cfg(5) has it"),
    texts("vtpm", any, "TPMs that other domains emulate", is_vtpm_spec,
          "backend=DOMAIN or backend=DOMAIN,uuid=UUID"),
    texts("pvcalls", any, "sockets of other domains", is_pv_calls_spec, "backend=DOMAIN"),

    // Who makes it.
    word("device_model_version", any, device_models, "the kind of device model"),
    text("device_model_user", any, "the user that the device model runs as"),
    flag("dm_restrict", any, "the device model has no more rights than it needs"),
    texts("device_model_args_pv", any, "arguments for the device model, if the guest is a PV one"),
    texts("device_model_args_hvm", any, "the same, if the guest is an HVM one"),
    flag("device_model_stubdomain_override", hvm, "the device model runs in a domain of its own"),
    text("device_model_stubdomain_seclabel", hvm, "XSM's label for that domain"),
    path("stubdomain_kernel", hvm, "of that domain"),
    path("stubdomain_ramdisk", hvm, "of that domain"),
    text("stubdomain_cmdline", hvm, "of that domain"),
    number("stubdomain_memory", hvm, 0, most_mib, "MiB of that domain"),
};

}  // namespace setting_forms

inline constexpr auto& setting_rules = setting_forms::table;

}  // namespace virtlight::domain
