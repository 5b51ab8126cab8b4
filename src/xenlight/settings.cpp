// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/settings.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "domain/memory.hpp"
#include "domain/settings.hpp"
#include "xenlight/pv_devices.hpp"
#include "xenlight/setting_fields.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::mib;
using domain::SettingValue;
using Config = libxl_domain_config;
using Texts = std::vector<std::string>;

/// One setting. The value that is set is of the kind that its rule says; what is read is empty by default.
struct Place {
    std::string_view name;
    void (*set)(const SettingValue& value, Config& config);
    std::optional<SettingValue> (*get)(const Config& config);
};

/// `at` gives a libxl_defbool of a config.
template <auto at>
constexpr Place flag(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) {
                libxl_defbool_set(&at(config), std::get<bool>(value));
            },
            [](const Config& config) -> std::optional<SettingValue> {
                const auto& field = at(config);
                if (libxl_defbool_is_default(field)) return std::nullopt;
                return libxl_defbool_val(field);
            }};
}

/// `at` gives a number of a config, which is `otherwise` by default and counts `unit` for each of ours. The
/// default may stand as `filled_in`: xl has libxl fill in what is left open, when it asks how much memory its
/// guest needs, and then the numbers are no whole ones either.
template <auto at, auto otherwise, std::uint64_t unit = 1, auto filled_in = otherwise>
constexpr Place number(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) {
                auto& field = at(config);
                field = static_cast<std::remove_reference_t<decltype(field)>>(std::get<std::uint64_t>(value) *
                                                                              unit);
            },
            [](const Config& config) -> std::optional<SettingValue> {
                const auto& field = at(config);
                using Field = std::remove_cvref_t<decltype(field)>;
                if (field == static_cast<Field>(otherwise) || field == static_cast<Field>(filled_in))
                    return std::nullopt;
                return (static_cast<std::uint64_t>(field) + unit - 1) / unit;
            }};
}

/// `at` gives an enumeration of libxl's, which names its words itself.
template <auto at, auto otherwise, auto to_string, auto from_string>
constexpr Place word(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) {
                from_string(std::get<std::string>(value).c_str(), &at(config));
            },
            [](const Config& config) -> std::optional<SettingValue> {
                const auto& field = at(config);
                if (field == otherwise) return std::nullopt;
                return text_of(to_string(field));
            }};
}

/// `at` gives a text.
template <auto at>
constexpr Place text(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) {
                std::free(std::exchange(at(config), copy(std::get<std::string>(value))));
            },
            [](const Config& config) -> std::optional<SettingValue> {
                auto words = text_of(at(config));
                if (words.empty()) return std::nullopt;
                return words;
            }};
}

/// `at` gives a list of texts.
template <auto at>
constexpr Place texts(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) { at(config) = copy_list(std::get<Texts>(value)); },
            [](const Config& config) -> std::optional<SettingValue> {
                Texts all;
                for (char* const* one = at(config); one && *one; ++one)
                    all.emplace_back(*one);
                if (all.empty()) return std::nullopt;
                return all;
            }};
}

/// What all PCI devices have or have not; by default they have not.
template <bool libxl_device_pci::* field>
constexpr Place of_pci(std::string_view name) {
    return {name,
            [](const SettingValue& value, Config& config) {
                for (int i = 0; i < config.num_pcidevs; ++i)
                    config.pcidevs[i].*field = std::get<bool>(value);
            },
            [](const Config& config) -> std::optional<SettingValue> {
                if (config.num_pcidevs == 0 || !(config.pcidevs[0].*field)) return std::nullopt;
                return true;
            }};
}

constexpr Place setting_places[] = {
    text<[](auto& c) -> auto& { return c.c_info.pool_name; }>("pool"),
    {"cpus_soft", set_soft_affinity, soft_affinity},
    number<[](auto& c) -> auto& { return c.b_info.sched_params.period; },
           LIBXL_DOMAIN_SCHED_PARAM_PERIOD_DEFAULT>("period"),
    number<[](auto& c) -> auto& { return c.b_info.sched_params.extratime; },
           LIBXL_DOMAIN_SCHED_PARAM_EXTRATIME_DEFAULT>("extratime"),
    number<[](auto& c) -> auto& { return c.b_info.sched_params.slice; },
           LIBXL_DOMAIN_SCHED_PARAM_SLICE_DEFAULT>("slice"),
    number<[](auto& c) -> auto& { return c.b_info.sched_params.latency; },
           LIBXL_DOMAIN_SCHED_PARAM_LATENCY_DEFAULT>("latency"),
    {"init_seclabel", set_first_label, first_label},
    number<[](auto& c) -> auto& { return c.b_info.max_maptrack_frames; }, LIBXL_MAX_GRANT_DEFAULT>(
        "max_maptrack_frames"),
    number<[](auto& c) -> auto& { return c.b_info.max_grant_version; }, LIBXL_MAX_GRANT_DEFAULT>(
        "max_grant_version"),
    flag<[](auto& c) -> auto& { return c.b_info.disable_migrate; }>("nomigrate"),
    flag<[](auto& c) -> auto& { return c.c_info.driver_domain; }>("driver_domain"),
    flag<[](auto& c) -> auto& { return c.c_info.xend_suspend_evtchn_compat; }>("xend_suspend_evtchn_compat"),
    number<[](auto& c) -> auto& { return c.b_info.vmtrace_buf_kb; }, 0>("vmtrace_buf_kb"),
    flag<[](auto& c) -> auto& { return c.b_info.vpmu; }>("vpmu"),
    flag<[](auto& c) -> auto& { return c.b_info.arch_x86.msr_relaxed; }>("msr_relaxed"),
    {"ioports", set_ports, ports},
    {"irqs", set_interrupts, interrupts},
    {"iomem", set_pages, pages},
    text<[](auto& c) -> auto& { return c.b_info.device_tree; }>("device_tree"),
    word<[](auto& c) -> auto& { return c.b_info.arch_arm.gic_version; }, LIBXL_GIC_VERSION_DEFAULT,
         libxl_gic_version_to_string, libxl_gic_version_from_string>("gic_version"),
    word<[](auto& c) -> auto& { return c.b_info.tee; }, LIBXL_TEE_TYPE_NONE, libxl_tee_type_to_string,
         libxl_tee_type_from_string>("tee"),

    flag<[](auto& c) -> auto& { return c.b_info.u.pvh.pvshim; }>("pvshim"),
    text<[](auto& c) -> auto& { return c.b_info.u.pvh.pvshim_path; }>("pvshim_path"),
    text<[](auto& c) -> auto& { return c.b_info.u.pvh.pvshim_cmdline; }>("pvshim_cmdline"),
    text<[](auto& c) -> auto& { return c.b_info.u.pvh.pvshim_extra; }>("pvshim_extra"),
    flag<[](auto& c) -> auto& { return c.c_info.oos; }>("oos"),
    number<[](auto& c) -> auto& { return c.b_info.shadow_memkb; }, LIBXL_MEMKB_DEFAULT, mib>("shadow_memory"),
    word<[](auto& c) -> auto& { return c.b_info.altp2m; }, LIBXL_ALTP2M_MODE_DISABLED,
         libxl_altp2m_mode_to_string, libxl_altp2m_mode_from_string>("altp2m"),
    word<[](auto& c) -> auto& { return c.b_info.timer_mode; }, LIBXL_TIMER_MODE_UNKNOWN,
         libxl_timer_mode_to_string, libxl_timer_mode_from_string>("timer_mode"),
    flag<[](auto& c) -> auto& { return c.b_info.u.hvm.vpt_align; }>("vpt_align"),
    flag<[](auto& c) -> auto& { return c.b_info.u.hvm.nx; }>("nx"),
    {"viridian", set_enlightenments, hyperv_enlightenments},
    {"mca_caps", set_machine_checks, machine_checks},

    flag<[](auto& c) -> auto& { return c.b_info.u.hvm.acpi_laptop_slate; }>("acpi_laptop_slate"),
    text<[](auto& c) -> auto& { return c.b_info.u.hvm.acpi_firmware; }>("acpi_firmware"),
    text<[](auto& c) -> auto& { return c.b_info.u.hvm.smbios_firmware; }>("smbios_firmware"),
    {"ms_vm_genid", set_generation, generation},
    number<[](auto& c) -> auto& { return c.b_info.u.hvm.mmio_hole_memkb; }, LIBXL_MEMKB_DEFAULT, mib, 0>(
        "mmio_hole"),
    {"rdm", set_regions, regions},
    number<[](auto& c) -> auto& { return c.b_info.u.hvm.rdm_mem_boundary_memkb; }, LIBXL_MEMKB_DEFAULT, mib>(
        "rdm_mem_boundary"),
    flag<[](auto& c) -> auto& { return c.b_info.u.hvm.xen_platform_pci; }>("xen_platform_pci"),
    word<[](auto& c) -> auto& { return c.b_info.u.hvm.vendor_device; }, LIBXL_VENDOR_DEVICE_NONE,
         libxl_vendor_device_to_string, libxl_vendor_device_from_string>("vendor_device"),
    word<[](auto& c) -> auto& { return c.b_info.u.hvm.hdtype; }, LIBXL_HDTYPE_IDE, libxl_hdtype_to_string,
         libxl_hdtype_from_string>("hdtype"),
    {"gfx_passthru", set_graphics_card, graphics_card},
    of_pci<&libxl_device_pci::msitranslate>("pci_msitranslate"),
    of_pci<&libxl_device_pci::power_mgmt>("pci_power_mgmt"),
    flag<[](auto& c) -> auto& { return c.b_info.u.hvm.usb; }>("usb"),
    number<[](auto& c) -> auto& { return c.b_info.u.hvm.usbversion; }, 0>("usbversion"),
    number<[](auto& c) -> auto& { return c.b_info.u.hvm.spice.usbredirection; }, 0>("spiceusbredirection"),
    {"vkb_device", set_keyboard, keyboard},

    {"vkb", set_keyboards, keyboards},
    {"vdispl", set_displays, displays},
    {"vtpm", set_vtpms, vtpms},
    {"pvcalls", set_pv_calls, pv_calls},

    {"device_model_version", set_device_model, device_model},
    text<[](auto& c) -> auto& { return c.b_info.device_model_user; }>("device_model_user"),
    flag<[](auto& c) -> auto& { return c.b_info.dm_restrict; }>("dm_restrict"),
    texts<[](auto& c) -> auto& { return c.b_info.extra_pv; }>("device_model_args_pv"),
    texts<[](auto& c) -> auto& { return c.b_info.extra_hvm; }>("device_model_args_hvm"),
    flag<[](auto& c) -> auto& { return c.b_info.device_model_stubdomain; }>(
        "device_model_stubdomain_override"),
    text<[](auto& c) -> auto& { return c.b_info.device_model_ssid_label; }>(
        "device_model_stubdomain_seclabel"),
    text<[](auto& c) -> auto& { return c.b_info.stubdomain_kernel; }>("stubdomain_kernel"),
    text<[](auto& c) -> auto& { return c.b_info.stubdomain_ramdisk; }>("stubdomain_ramdisk"),
    text<[](auto& c) -> auto& { return c.b_info.stubdomain_cmdline; }>("stubdomain_cmdline"),
    number<[](auto& c) -> auto& { return c.b_info.stubdomain_memkb; }, LIBXL_MEMKB_DEFAULT, mib>(
        "stubdomain_memory"),
};

}  // namespace

void write_settings(const domain::Settings& settings, Config& config) {
    for (const auto& [name, value] : settings)
        if (const auto* const place = std::ranges::find(setting_places, name, &Place::name);
            place != std::end(setting_places))
            place->set(value, config);
}

domain::Settings read_settings(const Config& config, domain::GuestType type) {
    domain::Settings settings;
    for (const auto& place : setting_places) {
        const auto* const rule = domain::find_setting(place.name);
        if (!rule || !check_setting_for(*rule, type)) continue;
        if (auto value = place.get(config)) settings.emplace(place.name, *std::move(value));
    }
    return settings;
}

std::vector<std::string_view> known_settings() {
    std::vector<std::string_view> names;
    std::ranges::transform(setting_places, std::back_inserter(names), &Place::name);
    return names;
}

}  // namespace virtlight::xenlight
