// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/setting_fields.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <span>

#include <fmt/format.h>

#include "base/limits.hpp"
#include "base/uuid.hpp"
#include "domain/text.hpp"
#include "xenlight/cpu_tuning.hpp"
#include "xenlight/words.hpp"

namespace virtlight::xenlight {

using domain::CpuSet;
using domain::SettingValue;
using Config = libxl_domain_config;
using Texts = std::vector<std::string>;

namespace {

std::optional<SettingValue> given(const char* text) {
    if (!text) return std::nullopt;
    return std::string(text);
}

constexpr unsigned enlightenments = LIBXL_BUILDINFO_HVM_VIRIDIAN_ENABLE_DISABLE_WIDTH;

void fill(libxl_bitmap& map) {
    map.size = enlightenments / 8;
    map.map = allocate<std::uint8_t>(map.size);
}

void add_enlightenments(const libxl_bitmap& map, std::string_view prefix, Texts& words) {
    for (unsigned bit = 0; bit < map.size * 8; ++bit)
        if (const auto* const name =
                libxl_viridian_enlightenment_to_string(static_cast<libxl_viridian_enlightenment>(bit));
            name && libxl_bitmap_test(&map, static_cast<int>(bit)))
            words.push_back(fmt::format("{}{}", prefix, name));
}

std::uint64_t hex(std::string_view text) {
    const auto digits = domain::without_0x(text);
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return number;
}

/// What libxl has for pages whose place in the guest is that in the host.
std::uint64_t no_place_of_its_own() {
    libxl_iomem_range fresh;
    libxl_iomem_range_init(&fresh);
    return fresh.gfn;
}

constexpr std::string_view traditional = "qemu-xen-traditional";
constexpr std::string_view anywhere = "all";

CpuSet cpus_in(const std::string& words) {
    return CpuSet::parse_xls(words).value_or(CpuSet());
}
std::string words_for(const CpuSet& cpus) {
    return cpus == CpuSet::first(limits::cpus) ? std::string(anywhere) : cpus.format();
}

}  // namespace

/// Of two labels that are given this is the first; labels.cpp has the other.
void set_first_label(const SettingValue& value, Config& config) {
    config.c_info.ssid_label = copy(std::get<std::string>(value));
}
std::optional<SettingValue> first_label(const Config& config) {
    return given(config.b_info.exec_ssid_label ? config.c_info.ssid_label : nullptr);
}

void set_machine_checks(const SettingValue&, Config& config) {
    config.b_info.u.hvm.mca_caps = 1;  // all that there are: the local machine check
}
std::optional<SettingValue> machine_checks(const Config& config) {
    if (config.b_info.u.hvm.mca_caps == 0) return std::nullopt;
    return Texts{"lmce"};
}

void set_generation(const SettingValue& value, Config& config) {
    if (std::get<std::string>(value) != "generate") return;
    std::ranges::copy(Uuid::random().bytes, config.b_info.u.hvm.ms_vm_genid.bytes);
}
std::optional<SettingValue> generation(const Config& config) {
    const auto& bytes = config.b_info.u.hvm.ms_vm_genid.bytes;
    if (std::ranges::all_of(bytes, [](auto byte) { return byte == 0; })) return std::nullopt;
    return std::string("generate");
}

void set_regions(const SettingValue& value, Config& config) {
    auto& rdm = config.b_info.u.hvm.rdm;
    const auto& words = std::get<std::string>(value);
    rdm.strategy = LIBXL_RDM_RESERVE_STRATEGY_HOST;
    if (words.ends_with("strict")) rdm.policy = LIBXL_RDM_RESERVE_POLICY_STRICT;
    if (words.ends_with("relaxed")) rdm.policy = LIBXL_RDM_RESERVE_POLICY_RELAXED;
}
std::optional<SettingValue> regions(const Config& config) {
    const auto& rdm = config.b_info.u.hvm.rdm;
    if (rdm.strategy != LIBXL_RDM_RESERVE_STRATEGY_HOST) return std::nullopt;
    if (rdm.policy == LIBXL_RDM_RESERVE_POLICY_INVALID) return std::string("strategy=host");
    return fmt::format("strategy=host,policy={}", libxl_rdm_reserve_policy_to_string(rdm.policy));
}

void set_graphics_card(const SettingValue& value, Config& config) {
    auto& hvm = config.b_info.u.hvm;
    libxl_defbool_set(&hvm.gfx_passthru, true);
    libxl_gfx_passthru_kind_from_string(std::get<std::string>(value).c_str(), &hvm.gfx_passthru_kind);
}
std::optional<SettingValue> graphics_card(const Config& config) {
    const auto& hvm = config.b_info.u.hvm;
    if (!is_on(hvm.gfx_passthru, false)) return std::nullopt;
    return text_of(libxl_gfx_passthru_kind_to_string(hvm.gfx_passthru_kind));
}

/// libxl makes it unless it is told not to, which we tell it.
void set_keyboard(const SettingValue& value, Config& config) {
    libxl_defbool_set(&config.b_info.u.hvm.vkb_device, std::get<bool>(value));
}
std::optional<SettingValue> keyboard(const Config& config) {
    if (!is_on(config.b_info.u.hvm.vkb_device, true)) return std::nullopt;
    return true;
}

/// libxl's own words for them have other hyphens than xl's.
void set_device_model(const SettingValue& value, Config& config) {
    config.b_info.device_model_version = std::get<std::string>(value) == traditional
                                             ? LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL
                                             : LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN;
}
std::optional<SettingValue> device_model(const Config& config) {
    const auto version = config.b_info.device_model_version;
    if (version == LIBXL_DEVICE_MODEL_VERSION_UNKNOWN) return std::nullopt;
    const bool old = version == LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN_TRADITIONAL;
    return std::string(old ? traditional : "qemu-xen");
}

// Interfaces of Hyper-V's: those that are asked for and those that are not to be, in two bitmaps.

void set_enlightenments(const SettingValue& value, Config& config) {
    auto& hvm = config.b_info.u.hvm;
    fill(hvm.viridian_enable);
    fill(hvm.viridian_disable);
    for (const auto& words : std::get<Texts>(value)) {
        const bool off = words.starts_with('!');
        libxl_viridian_enlightenment one{};
        if (words == "defaults") {
            libxl_defbool_set(&hvm.viridian, true);
        } else if (words == "all") {
            libxl_bitmap_set_any(&hvm.viridian_enable);
        } else if (libxl_viridian_enlightenment_from_string(words.c_str() + (off ? 1 : 0), &one) == 0) {
            libxl_bitmap_set(off ? &hvm.viridian_disable : &hvm.viridian_enable, one);
            libxl_bitmap_reset(off ? &hvm.viridian_enable : &hvm.viridian_disable, one);
        }
    }
}

std::optional<SettingValue> hyperv_enlightenments(const Config& config) {
    const auto& hvm = config.b_info.u.hvm;
    Texts words;
    if (is_on(hvm.viridian, false)) words.emplace_back("defaults");
    const bool all = hvm.viridian_enable.size > 0 && libxl_bitmap_is_full(&hvm.viridian_enable);
    if (all)
        words.emplace_back("all");
    else
        add_enlightenments(hvm.viridian_enable, "", words);
    add_enlightenments(hvm.viridian_disable, "!", words);
    if (words.empty()) return std::nullopt;
    return words;
}

// Parts of the host, each a range in words of xl's.

void set_ports(const SettingValue& value, Config& config) {
    const auto& ranges = std::get<Texts>(value);
    auto& build = config.b_info;
    build.ioports = allocate<libxl_ioport_range>(ranges.size());
    for (const auto& range : ranges) {
        const auto first = hex(range);
        const auto dash = range.find('-');
        const auto last = dash == range.npos ? first : hex(std::string_view(range).substr(dash + 1));
        build.ioports[build.num_ioports++] = {static_cast<std::uint32_t>(first),
                                              static_cast<std::uint32_t>(last - first + 1)};
    }
}
std::optional<SettingValue> ports(const Config& config) {
    Texts ranges;
    for (const auto& [first, number] :
         std::span(config.b_info.ioports, static_cast<std::size_t>(config.b_info.num_ioports)))
        ranges.push_back(number == 1 ? fmt::format("{:x}", first)
                                     : fmt::format("{:x}-{:x}", first, first + number - 1));
    if (ranges.empty()) return std::nullopt;
    return ranges;
}

void set_interrupts(const SettingValue& value, Config& config) {
    const auto& irqs = std::get<Texts>(value);
    auto& build = config.b_info;
    build.irqs = allocate<std::uint32_t>(irqs.size());
    for (const auto& irq : irqs)
        build.irqs[build.num_irqs++] = static_cast<std::uint32_t>(std::atoi(irq.c_str()));
}
std::optional<SettingValue> interrupts(const Config& config) {
    Texts irqs;
    for (const auto irq : std::span(config.b_info.irqs, static_cast<std::size_t>(config.b_info.num_irqs)))
        irqs.push_back(std::to_string(irq));
    if (irqs.empty()) return std::nullopt;
    return irqs;
}

void set_pages(const SettingValue& value, Config& config) {
    const auto& ranges = std::get<Texts>(value);
    auto& build = config.b_info;
    build.iomem = allocate<libxl_iomem_range>(ranges.size());
    for (const std::string_view range : ranges) {
        auto& pages = build.iomem[build.num_iomem++];
        libxl_iomem_range_init(&pages);
        pages.start = hex(range);
        pages.number = hex(range.substr(range.find(',') + 1));
        if (const auto at = range.find('@'); at != range.npos) pages.gfn = hex(range.substr(at + 1));
    }
}
std::optional<SettingValue> pages(const Config& config) {
    Texts ranges;
    for (const auto& [start, number, gfn] :
         std::span(config.b_info.iomem, static_cast<std::size_t>(config.b_info.num_iomem)))
        ranges.push_back(gfn == no_place_of_its_own() ? fmt::format("{:x},{:x}", start, number)
                                                      : fmt::format("{:x},{:x}@{:x}", start, number, gfn));
    if (ranges.empty()) return std::nullopt;
    return ranges;
}

/// One set is for all vCPUs, and several are for each its own.
void set_soft_affinity(const SettingValue& value, Config& config) {
    const auto& sets = std::get<Texts>(value);
    auto& build = config.b_info;
    const auto vcpus = static_cast<std::size_t>(build.max_vcpus);
    const auto count = sets.size() == 1 ? vcpus : std::min(sets.size(), vcpus);
    build.vcpu_soft_affinity = allocate<libxl_bitmap>(count);
    build.num_vcpu_soft_affinity = static_cast<int>(count);
    for (std::size_t vcpu = 0; vcpu < count; ++vcpu)
        copy_cpus(cpus_in(sets.size() == 1 ? sets.front() : sets[vcpu]), build.vcpu_soft_affinity[vcpu]);
}
std::optional<SettingValue> soft_affinity(const Config& config) {
    const auto& build = config.b_info;
    Texts sets;
    for (const auto& map :
         std::span(build.vcpu_soft_affinity, static_cast<std::size_t>(build.num_vcpu_soft_affinity)))
        sets.push_back(words_for(read_cpus(map)));
    if (sets.empty()) return std::nullopt;
    const bool alike = std::ranges::adjacent_find(sets, std::not_equal_to()) == sets.end();
    if (alike && sets.size() == static_cast<std::size_t>(build.max_vcpus)) sets.resize(1);
    return sets;
}

}  // namespace virtlight::xenlight
