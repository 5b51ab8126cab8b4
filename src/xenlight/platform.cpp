// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/platform.hpp"

#include <array>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "xenlight/words.hpp"

namespace virtlight::xenlight {
namespace {

using domain::CpuPolicy;
using domain::Definition;
using domain::GuestType;
using domain::Passthrough;
using domain::TscMode;

constexpr std::array tsc_modes = {
    std::pair{TscMode::native, LIBXL_TSC_MODE_NATIVE},
    std::pair{TscMode::paravirt, LIBXL_TSC_MODE_NATIVE_PARAVIRT},
    std::pair{TscMode::emulate, LIBXL_TSC_MODE_ALWAYS_EMULATE},
};
constexpr std::array passthroughs = {
    std::pair{Passthrough::disabled, LIBXL_PASSTHROUGH_DISABLED},
    std::pair{Passthrough::enabled, LIBXL_PASSTHROUGH_ENABLED},
    std::pair{Passthrough::sync_pt, LIBXL_PASSTHROUGH_SYNC_PT},
    std::pair{Passthrough::share_pt, LIBXL_PASSTHROUGH_SHARE_PT},
};
constexpr std::array policies = {
    std::pair{CpuPolicy::force, '1'},
    std::pair{CpuPolicy::optional, 'x'},
    std::pair{CpuPolicy::disable, '0'},
};

void set(std::optional<bool> asked, libxl_defbool& field) {
    if (asked) libxl_defbool_set(&field, *asked);
}
std::optional<bool> get(libxl_defbool field) {
    if (libxl_defbool_is_default(field)) return std::nullopt;
    return libxl_defbool_val(field);
}

/// Where PCI devices have their memory in the host a PV guest with some is not to have its own.
void write_memory_map(const Definition& definition, libxl_defbool& hosts) {
    const auto& asked = definition.platform.e820_host;
    if (asked || !definition.pci_devices.empty()) libxl_defbool_set(&hosts, asked.value_or(true));
}

/// Not 0: libxl does not know the feature.
int add_feature(libxl_cpuid_policy_list& list, const std::string& name, CpuPolicy policy) {
    const auto words = fmt::format("{}={}", domain::xens_cpu_feature(name), xens(policies, policy));
    return libxl_cpuid_parse_config(&list, words.c_str());
}

}  // namespace

void write_platform(const Definition& definition, libxl_domain_config& config) {
    const auto& platform = definition.platform;
    auto& build = config.b_info;
    for (const auto& [name, policy] : platform.cpu_features)
        add_feature(build.cpuid, name, policy);
    if (platform.tsc) build.tsc_mode = xens(tsc_modes, *platform.tsc);
    build.rtc_timeoffset = static_cast<std::uint32_t>(definition.clock_adjustment);
    if (platform.passthrough) config.c_info.passthrough = xens(passthroughs, *platform.passthrough);
    if (platform.max_grant_frames) build.max_grant_frames = *platform.max_grant_frames;
    if (platform.max_event_channels) build.event_channels = *platform.max_event_channels;
    set(platform.nested, build.nested_hvm);
    if (definition.type == GuestType::pv) write_memory_map(definition, build.u.pv.e820_host);
    if (definition.type != GuestType::hvm) return;
    set(platform.hpet, build.u.hvm.hpet);
    set(platform.suspend_to_mem, build.u.hvm.acpi_s3);
    set(platform.suspend_to_disk, build.u.hvm.acpi_s4);
}

void read_platform(const libxl_domain_config& config, Definition& definition) {
    const auto& build = config.b_info;
    auto& platform = definition.platform;
    for (const auto& [mode, theirs] : tsc_modes)
        if (build.tsc_mode == theirs) platform.tsc = mode;
    definition.clock_adjustment = static_cast<std::int32_t>(build.rtc_timeoffset);
    for (const auto& [mode, theirs] : passthroughs)
        if (config.c_info.passthrough == theirs) platform.passthrough = mode;
    if (build.max_grant_frames != LIBXL_MAX_GRANT_DEFAULT) platform.max_grant_frames = build.max_grant_frames;
    if (build.event_channels != 0) platform.max_event_channels = build.event_channels;
    if (definition.type != GuestType::pv) platform.nested = get(build.nested_hvm);
    platform.host_cpu = platform.nested.has_value();
    if (definition.type == GuestType::pv) platform.e820_host = get(build.u.pv.e820_host);
    if (definition.type != GuestType::hvm) return;
    platform.hpet = get(build.u.hvm.hpet);
    platform.suspend_to_mem = get(build.u.hvm.acpi_s3);
    platform.suspend_to_disk = get(build.u.hvm.acpi_s4);
}

Result<> check_platform(const libxl_domain_config& config) {
    // libxl keeps a policy as bits of registers, whose names it does not tell.
    if (config.b_info.cpuid)
        return fail(Reason::unsupported_config, "it has features of the processor of its own");
    return {};
}

Result<> check_cpu_features(const domain::CpuFeatures& features) {
    libxl_cpuid_policy_list list = nullptr;
    std::optional<std::string> unknown;
    for (const auto& [name, policy] : features)
        if (!unknown && add_feature(list, name, policy) != 0) unknown = name;
    libxl_cpuid_dispose(&list);
    if (unknown)
        return fail(Reason::unsupported_config, "Xen knows no feature '{}' of the processor", *unknown);
    return {};
}

}  // namespace virtlight::xenlight
