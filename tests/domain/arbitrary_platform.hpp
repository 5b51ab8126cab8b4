// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include "domain/definition.hpp"
#include "domain/memory.hpp"
#include "domain/setting_rules.hpp"

/// rapidcheck's source of what Xen makes of a guest's machine, and of settings.

namespace virtlight::domain::arbitrary {

template <class T>
std::optional<T> maybe(rc::Gen<T> gen) {
    if (*rc::gen::arbitrary<bool>()) return std::nullopt;
    return *gen;
}

inline Platform platform(GuestType type) {
    const auto any_bool = rc::gen::arbitrary<bool>();
    Platform platform{.host_cpu = *any_bool};
    if (platform.host_cpu) {
        for (const auto* name : {"aes", "pni", "sse4.1", "avx512-4vnniw"})
            if (const auto policy =
                    maybe(rc::gen::element(CpuPolicy::force, CpuPolicy::optional, CpuPolicy::disable)))
                platform.cpu_features[name] = *policy;
        if (type != GuestType::pv) platform.nested = maybe(any_bool);
    }
    platform.tsc = maybe(rc::gen::element(TscMode::native, TscMode::paravirt, TscMode::emulate));
    using enum Passthrough;
    platform.passthrough = maybe(rc::gen::element(disabled, enabled, sync_pt, share_pt));
    constexpr unsigned most = 0x7fffffff;
    platform.max_grant_frames = maybe(rc::gen::inRange(0U, most));
    platform.max_event_channels = maybe(rc::gen::inRange(1U, most));
    if (type == GuestType::pv) platform.e820_host = maybe(any_bool);
    if (type != GuestType::hvm) return platform;
    platform.hpet = maybe(any_bool);
    platform.suspend_to_mem = maybe(any_bool);
    platform.suspend_to_disk = maybe(any_bool);
    return platform;
}

inline std::string setting_text(const SettingRule& rule) {
    if (!rule.words.empty())
        return std::string(*rc::gen::elementOf(std::vector(rule.words.begin(), rule.words.end())));
    if (rule.fits == setting_forms::is_port_range)
        return *rc::gen::element<std::string>("2f8-2ff", "60", "0-ffff");
    if (rule.fits == setting_forms::is_page_range)
        return *rc::gen::element<std::string>("fe000,2", "a0,1@ff");
    if (rule.fits == setting_forms::is_irq) return *rc::gen::element<std::string>("5", "0", "7");
    if (rule.fits == setting_forms::is_cpu_set) return *rc::gen::element<std::string>("0-3", "all", "1,5");
    if (rule.fits == is_keyboard_spec)
        return *rc::gen::element<std::string>(
            "backend=0,backend-type=qemu",
            "backend=b,backend-type=linux,unique-id=a b,feature-abs-pointer=1,width=800,height=600");
    if (rule.fits == is_display_spec)
        return *rc::gen::element<std::string>("backend=0,connectors=a:1x2",
                                              "backend=b,be-alloc=1,connectors=a:1x2;b c:3x4");
    if (rule.fits == is_vtpm_spec)
        return *rc::gen::element<std::string>("backend=b",
                                              "backend=0,uuid=7ce9c1f4-5a53-4a42-a1a3-9a3a83a1fb57");
    if (rule.fits == is_pv_calls_spec) return *rc::gen::element<std::string>("backend=b", "backend=0");
    if (rule.fits == is_file_path) return *rc::gen::element<std::string>("/a", "/it's <\"mine\">, é");
    return *rc::gen::element<std::string>("a", "-device x,y=z", "it's <\"mine\"> & é\n\\", "0");
}

inline SettingValue setting(const SettingRule& rule) {
    switch (rule.kind) {
        case SettingRule::Kind::flag: return *rc::gen::arbitrary<bool>();
        case SettingRule::Kind::number: return *rc::gen::inRange(rule.least, rule.most + 1);
        case SettingRule::Kind::texts: {
            std::vector<std::string> texts(*rc::gen::inRange<std::size_t>(1, 4));
            for (auto& text : texts)
                text = setting_text(rule);
            return texts;
        }
        default: return setting_text(rule);
    }
}

inline Settings settings(GuestType type) {
    Settings all;
    for (const auto& rule : setting_rules)
        if (check_setting_for(rule, type) && *rc::gen::inRange(0, 8) == 0)
            all.emplace(rule.name, setting(rule));
    return all;
}

/// Cells that have all of the memory and all of the vCPUs.
inline std::vector<NumaCell> numa(std::uint64_t memory_kib, unsigned vcpus) {
    const auto most = std::min<std::uint64_t>({4, vcpus, memory_kib / mib});
    std::vector<NumaCell> cells(*rc::gen::inRange<std::size_t>(0, most + 1));
    const bool with_distances = *rc::gen::arbitrary<bool>();
    for (std::size_t id = 0; id < cells.size(); ++id) {
        auto& cell = cells[id];
        cell.memory_kib = memory_kib / mib / cells.size() * mib;
        cell.node = *rc::gen::inRange(0U, 3U);
        for (auto vcpu = static_cast<unsigned>(id); vcpu < vcpus; vcpu += static_cast<unsigned>(cells.size()))
            cell.vcpus.insert(vcpu);
        if (!with_distances) continue;
        for (std::size_t other = 0; other < cells.size(); ++other)
            cell.distances.push_back(other == id ? 11 : *rc::gen::inRange(11U, NumaCell::farthest + 1));
    }
    if (!cells.empty()) cells.front().memory_kib += memory_kib - cells.size() * cells.front().memory_kib;
    return cells;
}

}  // namespace virtlight::domain::arbitrary
