// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace virtlight::domain {

/// How the guest's time stamp counter is read.
enum class TscMode { native, paravirt, emulate };

/// How devices of the host reach the guest's memory.
enum class Passthrough { disabled, enabled, sync_pt, share_pt };

/// Whether a guest sees a feature of the processor: although the host may not have it, if the host has it,
/// not at all.
enum class CpuPolicy { force, optional, disable };

/// By libvirt's names of features.
using CpuFeatures = std::map<std::string, CpuPolicy>;

/// Small letters, digits, '.', '-' and '_'.
bool is_cpu_feature(std::string_view name);
/// By one of its names. unsupported_config: Xen knows none of this name.
Result<> check_cpu_feature(std::string_view name);
/// Xen's name of a feature of libvirt's, and the other way round; most have the same.
std::string_view xens_cpu_feature(std::string_view name);
std::string_view libvirts_cpu_feature(std::string_view name);

/// What Xen makes of the machine that a guest finds. What is empty is left as Xen has it.
struct Platform {
    bool host_cpu = false;  ///< it was said that the processor is the host's, as it is without; with features
    CpuFeatures cpu_features{};
    std::optional<TscMode> tsc{};
    std::optional<bool> hpet{};             ///< HVM: it has this timer
    std::optional<bool> suspend_to_mem{};   ///< HVM: it can sleep so (ACPI S3)
    std::optional<bool> suspend_to_disk{};  ///< HVM: and so (ACPI S4)
    std::optional<bool> nested{};           ///< HVM and PVH: it can have guests of its own
    std::optional<bool> e820_host{};        ///< PV: its memory map is like the host's
    std::optional<Passthrough> passthrough{};
    std::optional<unsigned> max_grant_frames{};    ///< up to 2^31 - 1
    std::optional<unsigned> max_event_channels{};  ///< 1 to 2^31 - 1

    bool operator==(const Platform&) const = default;
};

}  // namespace virtlight::domain
