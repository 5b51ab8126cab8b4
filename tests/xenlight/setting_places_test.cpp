// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "domain/setting_rules.hpp"
#include "xenlight/config_of.hpp"
#include "xenlight/settings.hpp"
#include "xenlight/words.hpp"

// What is written and read back alike may still be in the wrong place: here the place is named once more.

namespace virtlight::xenlight {
namespace {

using domain::GuestType;
using domain::SettingRule;
using domain::SettingValue;

/// A value that is no default, and whether it is where libxl looks for it.
struct Landing {
    std::string_view name;
    SettingValue value;
    bool (*landed)(const libxl_domain_config& c);
};

bool says(const char* field, std::string_view text) {
    return field && field == text;
}
bool is_set(libxl_defbool field) {
    return is_on(field, false);
}
SettingValue number_value(std::uint64_t number) {
    return number;
}
SettingValue texts_value(std::vector<std::string> texts) {
    return texts;
}
const SettingValue on_value = true;

const Landing landings[] = {
    {"pool", "fast", [](const auto& c) { return says(c.c_info.pool_name, "fast"); }},
    {"cpus_soft", texts_value({"1"}),
     [](const auto& c) {
         const auto& build = c.b_info;
         return build.num_vcpu_soft_affinity == 4 && libxl_bitmap_test(&build.vcpu_soft_affinity[3], 1) != 0;
     }},
    {"period", number_value(11), [](const auto& c) { return c.b_info.sched_params.period == 11; }},
    {"extratime", number_value(1), [](const auto& c) { return c.b_info.sched_params.extratime == 1; }},
    {"slice", number_value(13), [](const auto& c) { return c.b_info.sched_params.slice == 13; }},
    {"latency", number_value(17), [](const auto& c) { return c.b_info.sched_params.latency == 17; }},
    {"init_seclabel", "a:b:c", [](const auto& c) { return says(c.c_info.ssid_label, "a:b:c"); }},
    {"max_maptrack_frames", number_value(19),
     [](const auto& c) { return c.b_info.max_maptrack_frames == 19; }},
    {"max_grant_version", number_value(2), [](const auto& c) { return c.b_info.max_grant_version == 2; }},
    {"nomigrate", on_value, [](const auto& c) { return is_set(c.b_info.disable_migrate); }},
    {"driver_domain", on_value, [](const auto& c) { return is_set(c.c_info.driver_domain); }},
    {"xend_suspend_evtchn_compat", on_value,
     [](const auto& c) { return is_set(c.c_info.xend_suspend_evtchn_compat); }},
    {"vmtrace_buf_kb", number_value(64), [](const auto& c) { return c.b_info.vmtrace_buf_kb == 64; }},
    {"vpmu", on_value, [](const auto& c) { return is_set(c.b_info.vpmu); }},
    {"msr_relaxed", on_value, [](const auto& c) { return is_set(c.b_info.arch_x86.msr_relaxed); }},
    {"ioports", texts_value({"60", "0x2f8-0X2ff"}),
     [](const auto& c) {
         const auto* const ports = c.b_info.ioports;
         return c.b_info.num_ioports == 2 && ports[0].first == 0x60 && ports[0].number == 1 &&
                ports[1].first == 0x2f8 && ports[1].number == 8;
     }},
    {"irqs", texts_value({"5", "7"}),
     [](const auto& c) { return c.b_info.num_irqs == 2 && c.b_info.irqs[0] == 5 && c.b_info.irqs[1] == 7; }},
    {"iomem", texts_value({"0xfe000,0x2@0Xa0"}),
     [](const auto& c) {
         const auto* const pages = c.b_info.iomem;
         return c.b_info.num_iomem == 1 && pages->start == 0xfe000 && pages->number == 2 &&
                pages->gfn == 0xa0;
     }},
    {"device_tree", "/tree", [](const auto& c) { return says(c.b_info.device_tree, "/tree"); }},
    {"gic_version", "v3",
     [](const auto& c) { return c.b_info.arch_arm.gic_version == LIBXL_GIC_VERSION_V3; }},
    {"tee", "optee", [](const auto& c) { return c.b_info.tee == LIBXL_TEE_TYPE_OPTEE; }},

    {"pvshim", on_value, [](const auto& c) { return is_set(c.b_info.u.pvh.pvshim); }},
    {"pvshim_path", "/shim", [](const auto& c) { return says(c.b_info.u.pvh.pvshim_path, "/shim"); }},
    {"pvshim_cmdline", "quiet", [](const auto& c) { return says(c.b_info.u.pvh.pvshim_cmdline, "quiet"); }},
    {"pvshim_extra", "more", [](const auto& c) { return says(c.b_info.u.pvh.pvshim_extra, "more"); }},
    {"oos", on_value, [](const auto& c) { return is_set(c.c_info.oos); }},
    {"shadow_memory", number_value(3), [](const auto& c) { return c.b_info.shadow_memkb == 3 * 1024; }},
    {"altp2m", "external", [](const auto& c) { return c.b_info.altp2m == LIBXL_ALTP2M_MODE_EXTERNAL; }},
    {"timer_mode", "no_missed_ticks_pending",
     [](const auto& c) { return c.b_info.timer_mode == LIBXL_TIMER_MODE_NO_MISSED_TICKS_PENDING; }},
    {"vpt_align", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.vpt_align); }},
    {"nx", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.nx); }},
    {"viridian", texts_value({"defaults", "synic", "!freq"}),
     [](const auto& c) {
         const auto& hvm = c.b_info.u.hvm;
         return is_set(hvm.viridian) &&
                libxl_bitmap_test(&hvm.viridian_enable, LIBXL_VIRIDIAN_ENLIGHTENMENT_SYNIC) != 0 &&
                libxl_bitmap_test(&hvm.viridian_disable, LIBXL_VIRIDIAN_ENLIGHTENMENT_FREQ) != 0;
     }},
    {"mca_caps", texts_value({"lmce"}), [](const auto& c) { return c.b_info.u.hvm.mca_caps == 1; }},

    {"acpi_laptop_slate", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.acpi_laptop_slate); }},
    {"acpi_firmware", "/acpi", [](const auto& c) { return says(c.b_info.u.hvm.acpi_firmware, "/acpi"); }},
    {"smbios_firmware", "/smbios",
     [](const auto& c) { return says(c.b_info.u.hvm.smbios_firmware, "/smbios"); }},
    {"ms_vm_genid", "generate",
     [](const auto& c) {
         return std::ranges::any_of(c.b_info.u.hvm.ms_vm_genid.bytes, [](auto byte) { return byte != 0; });
     }},
    {"mmio_hole", number_value(512),
     [](const auto& c) { return c.b_info.u.hvm.mmio_hole_memkb == 512 * 1024; }},
    {"rdm", "strategy=host,policy=strict",
     [](const auto& c) {
         const auto& rdm = c.b_info.u.hvm.rdm;
         return rdm.strategy == LIBXL_RDM_RESERVE_STRATEGY_HOST &&
                rdm.policy == LIBXL_RDM_RESERVE_POLICY_STRICT;
     }},
    {"rdm_mem_boundary", number_value(5),
     [](const auto& c) { return c.b_info.u.hvm.rdm_mem_boundary_memkb == 5 * 1024; }},
    {"xen_platform_pci", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.xen_platform_pci); }},
    {"vendor_device", "xenserver",
     [](const auto& c) { return c.b_info.u.hvm.vendor_device == LIBXL_VENDOR_DEVICE_XENSERVER; }},
    {"hdtype", "ahci", [](const auto& c) { return c.b_info.u.hvm.hdtype == LIBXL_HDTYPE_AHCI; }},
    {"gfx_passthru", "igd",
     [](const auto& c) {
         const auto& hvm = c.b_info.u.hvm;
         return is_set(hvm.gfx_passthru) && hvm.gfx_passthru_kind == LIBXL_GFX_PASSTHRU_KIND_IGD;
     }},
    {"pci_msitranslate", on_value, [](const auto& c) { return c.pcidevs[0].msitranslate; }},
    {"pci_power_mgmt", on_value, [](const auto& c) { return c.pcidevs[0].power_mgmt; }},
    {"usb", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.usb); }},
    {"usbversion", number_value(3), [](const auto& c) { return c.b_info.u.hvm.usbversion == 3; }},
    {"spiceusbredirection", number_value(2),
     [](const auto& c) { return c.b_info.u.hvm.spice.usbredirection == 2; }},
    {"vkb_device", on_value, [](const auto& c) { return is_set(c.b_info.u.hvm.vkb_device); }},

    {"vkb", texts_value({"backend=k,backend-type=linux"}),
     [](const auto& c) {
         return c.num_vkbs == 1 && says(c.vkbs[0].backend_domname, "k") &&
                c.vkbs[0].backend_type == LIBXL_VKB_BACKEND_LINUX;
     }},
    {"vdispl", texts_value({"backend=d,connectors=a:1x2"}),
     [](const auto& c) {
         return c.num_vdispls == 1 && says(c.vdispls[0].backend_domname, "d") &&
                c.vdispls[0].num_connectors == 1 && c.vdispls[0].connectors[0].width == 1 &&
                c.vdispls[0].connectors[0].height == 2;
     }},
    {"vtpm", texts_value({"backend=t"}),
     [](const auto& c) { return c.num_vtpms == 1 && says(c.vtpms[0].backend_domname, "t"); }},
    {"pvcalls", texts_value({"backend=p"}),
     [](const auto& c) { return c.num_pvcallsifs == 1 && says(c.pvcallsifs[0].backend_domname, "p"); }},

    {"device_model_version", "qemu-xen-traditional",
     [](const auto& c) {
         return c.b_info.device_model_version == LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL;
     }},
    {"device_model_user", "qemu", [](const auto& c) { return says(c.b_info.device_model_user, "qemu"); }},
    {"dm_restrict", on_value, [](const auto& c) { return is_set(c.b_info.dm_restrict); }},
    {"device_model_args_pv", texts_value({"-pv"}),
     [](const auto& c) { return c.b_info.extra_pv && says(c.b_info.extra_pv[0], "-pv"); }},
    {"device_model_args_hvm", texts_value({"-hvm"}),
     [](const auto& c) { return c.b_info.extra_hvm && says(c.b_info.extra_hvm[0], "-hvm"); }},
    {"device_model_stubdomain_override", on_value,
     [](const auto& c) { return is_set(c.b_info.device_model_stubdomain); }},
    {"device_model_stubdomain_seclabel", "s:u:b",
     [](const auto& c) { return says(c.b_info.device_model_ssid_label, "s:u:b"); }},
    {"stubdomain_kernel", "/kernel",
     [](const auto& c) { return says(c.b_info.stubdomain_kernel, "/kernel"); }},
    {"stubdomain_ramdisk", "/disk", [](const auto& c) { return says(c.b_info.stubdomain_ramdisk, "/disk"); }},
    {"stubdomain_cmdline", "words", [](const auto& c) { return says(c.b_info.stubdomain_cmdline, "words"); }},
    {"stubdomain_memory", number_value(7),
     [](const auto& c) { return c.b_info.stubdomain_memkb == 7 * 1024; }},
};

/// A guest that can have the setting, with four vCPUs, a PCI device and, as write_screen() leaves it, without
/// Xen's keyboard.
void prepare_for(const SettingRule& rule, DomainConfig& config) {
    const bool hvm = (rule.guests & SettingRule::hvm) != 0;
    init(hvm ? GuestType::hvm : GuestType::pvh, config);
    config->b_info.max_vcpus = 4;
    if (hvm) libxl_defbool_set(&config->b_info.u.hvm.vkb_device, false);
    config->pcidevs = allocate<libxl_device_pci>(1);
    config->num_pcidevs = 1;
    libxl_device_pci_init(config->pcidevs);
}

TEST(SettingPlaces, AreAllKnownHere) {
    std::set<std::string_view> here;
    std::ranges::transform(landings, std::inserter(here, here.end()), &Landing::name);
    const auto known = known_settings();
    EXPECT_EQ(here, std::set(known.begin(), known.end()));
}

TEST(SettingPlaces, AreThoseWhereLibxlLooksForEach) {
    for (const auto& [name, value, landed] : landings) {
        const auto* const rule = domain::find_setting(name);
        ASSERT_TRUE(rule) << name;
        DomainConfig config;
        prepare_for(*rule, config);
        EXPECT_FALSE(landed(*config)) << name << " is so anyway";
        write_settings({{std::string(name), value}}, *config);
        EXPECT_TRUE(landed(*config)) << name;
    }
}

}  // namespace
}  // namespace virtlight::xenlight
