// SPDX-License-Identifier: LGPL-2.1-or-later
#include <iterator>
#include <limits>

#include "domain/xl_cfg_values.hpp"

// What Xen makes of the machine, where libvirt's XML has elements for it.

namespace virtlight::domain {
namespace {

constexpr std::uint64_t most_int = std::numeric_limits<std::int32_t>::max();

bool is_of(bool right, const XlAt& at, std::string_view guests) {
    if (!right && !at.says_nothing()) at.unsupported("'{}' is of {} guests", at.key(), guests);
    return right;
}

/// A flag of HVM guests.
template <std::optional<bool> Platform::* field>
void read_hvm_flag(const XlAt& at, Definition& definition) {
    const bool on = at.boolean();
    if (is_of(definition.type == GuestType::hvm, at, "HVM")) definition.platform.*field = on;
}
template <std::optional<bool> Platform::* field>
void write_flag(const Definition& definition, XlWriter& writer, std::string_view key) {
    if (const auto on = definition.platform.*field) writer.number(key, *on ? 1 : 0);
}
void write_hpet(const Definition& definition, XlWriter& writer) {
    write_flag<&Platform::hpet>(definition, writer, "hpet");
}
void write_s3(const Definition& definition, XlWriter& writer) {
    write_flag<&Platform::suspend_to_mem>(definition, writer, "acpi_s3");
}
void write_s4(const Definition& definition, XlWriter& writer) {
    write_flag<&Platform::suspend_to_disk>(definition, writer, "acpi_s4");
}

void read_nested(const XlAt& at, Definition& definition) {
    const bool on = at.boolean();
    if (!is_of(definition.type != GuestType::pv, at, "PVH and HVM")) return;
    definition.platform.host_cpu = true;
    definition.platform.nested = on;
}
void write_nested(const Definition& definition, XlWriter& writer) {
    write_flag<&Platform::nested>(definition, writer, "nestedhvm");
}

void read_e820(const XlAt& at, Definition& definition) {
    const bool on = at.boolean();
    if (is_of(definition.type == GuestType::pv, at, "PV")) definition.platform.e820_host = on;
}
void write_e820(const Definition& definition, XlWriter& writer) {
    write_flag<&Platform::e820_host>(definition, writer, "e820_host");
}

enum class Tsc { chosen, emulate, native, paravirt };
/// In the order of their numbers, which xl takes for the words.
constexpr Word<Tsc> xl_tsc_modes[] = {{"default", Tsc::chosen},
                                      {"always_emulate", Tsc::emulate},
                                      {"native", Tsc::native},
                                      {"native_paravirt", Tsc::paravirt}};
constexpr std::pair<Tsc, TscMode> tsc_meanings[] = {
    {Tsc::emulate, TscMode::emulate}, {Tsc::native, TscMode::native}, {Tsc::paravirt, TscMode::paravirt}};

void read_tsc(const XlAt& at, Definition& definition) {
    const auto number = parse_xl_number(at.text());
    const bool by_number = number && *number >= 0 && *number < std::ssize(xl_tsc_modes);
    const auto mode = by_number ? xl_tsc_modes[*number].meaning : choice<Tsc>(at, xl_tsc_modes, Tsc::chosen);
    for (const auto& [word, meaning] : tsc_meanings)
        if (word == mode) definition.platform.tsc = meaning;
}
void write_tsc(const Definition& definition, XlWriter& writer) {
    for (const auto& [word, meaning] : tsc_meanings)
        if (definition.platform.tsc == meaning) writer.text("tsc_mode", word_for<Tsc>(word, xl_tsc_modes));
}

constexpr Word<Passthrough> passthroughs[] = {{"disabled", Passthrough::disabled},
                                              {"enabled", Passthrough::enabled},
                                              {"sync_pt", Passthrough::sync_pt},
                                              {"share_pt", Passthrough::share_pt}};

void read_passthrough(const XlAt& at, Definition& definition) {
    if (at.text() != "default")
        definition.platform.passthrough = choice<Passthrough>(at, passthroughs, Passthrough::disabled);
}
void write_passthrough(const Definition& definition, XlWriter& writer) {
    if (const auto mode = definition.platform.passthrough)
        writer.text("passthrough", word_for<Passthrough>(*mode, passthroughs));
}

void read_grant_frames(const XlAt& at, Definition& definition) {
    definition.platform.max_grant_frames = static_cast<unsigned>(at.number(most_int));
}
void write_grant_frames(const Definition& definition, XlWriter& writer) {
    if (const auto frames = definition.platform.max_grant_frames) writer.number("max_grant_frames", *frames);
}

void read_event_channels(const XlAt& at, Definition& definition) {
    const auto channels = static_cast<unsigned>(at.number(most_int));
    if (channels > 0) definition.platform.max_event_channels = channels;
}
void write_event_channels(const Definition& definition, XlWriter& writer) {
    if (const auto channels = definition.platform.max_event_channels)
        writer.number("max_event_channels", *channels);
}

/// The format has no negative numbers, but texts that are.
void read_offset(const XlAt& at, Definition& definition) {
    using Seconds = std::numeric_limits<std::int32_t>;
    definition.clock_adjustment = static_cast<std::int32_t>(at.number(Seconds::min(), Seconds::max()));
}
void write_offset(const Definition& definition, XlWriter& writer) {
    const auto seconds = definition.clock_adjustment;
    if (seconds > 0) writer.number("rtc_timeoffset", static_cast<std::uint64_t>(seconds));
    if (seconds < 0) writer.text("rtc_timeoffset", std::to_string(seconds));
}

constexpr Word<CpuPolicy> xl_policies[] = {
    {"1", CpuPolicy::force}, {"x", CpuPolicy::optional}, {"0", CpuPolicy::disable}};
constexpr std::string_view as_the_host = "host";

/// "host,NAME=POLICY,..."; the other form gives bits of registers.
void read_cpuid(const XlAt& at, Definition& definition) {
    if (at.is_list())
        return at.unsupported("'cpuid' as bits of registers is not supported; name features: 'host,aes=0'");
    auto& platform = definition.platform;
    const auto features = at.parameters();
    if (features.empty() || features.front().key != as_the_host)
        return at.invalid("'cpuid' must begin with 'host'");
    platform.host_cpu = true;
    for (const auto& feature : std::span(features).subspan(1)) {
        const auto part = at.part(features, feature);
        if (feature.key == "vmx" || feature.key == "svm")
            return at.unsupported("'{}' in 'cpuid' is not supported; say 'nestedhvm'", feature.key);
        if (!is_cpu_feature(feature.key))
            return at.invalid("'{}' in 'cpuid' is no name of a feature", shown(feature.key));
        if (const auto known = check_cpu_feature(feature.key); !known)
            return part.unsupported("{}", known.error().message);
        const std::string name(libvirts_cpu_feature(feature.key));
        platform.cpu_features[name] = choice<CpuPolicy>(part, xl_policies, CpuPolicy::optional);
    }
}
void write_cpuid(const Definition& definition, XlWriter& writer) {
    if (!definition.platform.host_cpu) return;
    std::string all(as_the_host);
    for (const auto& [name, policy] : definition.platform.cpu_features)
        all += fmt::format(",{}={}", xens_cpu_feature(name), word_for<CpuPolicy>(policy, xl_policies));
    writer.text("cpuid", all);
}

constexpr XlOption machine_options[] = {
    {"cpuid", "`cpu/feature`, of the form `host,NAME=1`, `0` or `x`", read_cpuid, write_cpuid},
    {"nestedhvm", "`cpu/feature` vmx or svm", read_nested, write_nested},
    {"tsc_mode", "`clock/timer` tsc", read_tsc, write_tsc},
    {"hpet", "`clock/timer` hpet", read_hvm_flag<&Platform::hpet>, write_hpet},
    {"rtc_timeoffset", "`clock/@adjustment` of offset variable", read_offset, write_offset},
    {"acpi_s3", "`pm/suspend-to-mem`", read_hvm_flag<&Platform::suspend_to_mem>, write_s3},
    {"acpi_s4", "`pm/suspend-to-disk`", read_hvm_flag<&Platform::suspend_to_disk>, write_s4},
    {"e820_host", "`features/xen/e820_host`", read_e820, write_e820},
    {"passthrough", "`features/xen/passthrough`", read_passthrough, write_passthrough},
    {"max_grant_frames", "`devices/controller` xenbus `/@maxGrantFrames`", read_grant_frames,
     write_grant_frames},
    {"max_event_channels", "`devices/controller` xenbus `/@maxEventChannels`", read_event_channels,
     write_event_channels},
};

}  // namespace

constinit const XlOptions xl_machine_options = machine_options;

}  // namespace virtlight::domain
