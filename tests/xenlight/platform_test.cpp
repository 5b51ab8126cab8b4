// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/platform.hpp"

#include <cstdint>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "domain/arbitrary_platform.hpp"
#include "domain/cpu_feature_names.hpp"
#include "xenlight/config_of.hpp"

namespace virtlight::xenlight {
namespace {

using domain::CpuPolicy;
using domain::Definition;
using domain::GuestType;
using domain::Platform;
using testing::HasSubstr;

RC_GTEST_PROP(Platforms, ComeBackFromLibxlsWordsAsTheyWere, ()) {
    Definition definition{.type = *rc::gen::element(GuestType::pv, GuestType::pvh, GuestType::hvm)};
    definition.platform = domain::arbitrary::platform(definition.type);
    definition.clock_adjustment = *rc::gen::arbitrary<std::int32_t>();
    // libxl does not tell the names of features, nor that the processor is as it is anyway.
    definition.platform.cpu_features.clear();
    definition.platform.host_cpu = definition.platform.nested.has_value();
    DomainConfig config;
    init(definition.type, config);
    write_platform(definition, *config);
    Definition read{.type = definition.type};
    read_platform(*config, read);
    RC_ASSERT(read == definition);
}

/// A platform, and whether it is where libxl looks for it.
struct PlatformPlace {
    GuestType type;
    Platform platform;
    bool (*there)(const libxl_domain_config& c);
};

bool is_off(libxl_defbool field) {
    return !libxl_defbool_is_default(field) && !libxl_defbool_val(field);
}

const PlatformPlace platform_places[] = {
    {GuestType::pv,
     {.tsc = domain::TscMode::native},
     [](const auto& c) { return c.b_info.tsc_mode == LIBXL_TSC_MODE_NATIVE; }},
    {GuestType::pv,
     {.tsc = domain::TscMode::paravirt},
     [](const auto& c) { return c.b_info.tsc_mode == LIBXL_TSC_MODE_NATIVE_PARAVIRT; }},
    {GuestType::pv,
     {.tsc = domain::TscMode::emulate},
     [](const auto& c) { return c.b_info.tsc_mode == LIBXL_TSC_MODE_ALWAYS_EMULATE; }},
    {GuestType::hvm, {.hpet = false}, [](const auto& c) { return is_off(c.b_info.u.hvm.hpet); }},
    {GuestType::hvm, {.suspend_to_mem = false}, [](const auto& c) { return is_off(c.b_info.u.hvm.acpi_s3); }},
    {GuestType::hvm,
     {.suspend_to_disk = false},
     [](const auto& c) { return is_off(c.b_info.u.hvm.acpi_s4); }},
    {GuestType::hvm, {.nested = false}, [](const auto& c) { return is_off(c.b_info.nested_hvm); }},
    {GuestType::pvh, {.nested = false}, [](const auto& c) { return is_off(c.b_info.nested_hvm); }},
    {GuestType::pv, {.e820_host = false}, [](const auto& c) { return is_off(c.b_info.u.pv.e820_host); }},
    {GuestType::pv,
     {.passthrough = domain::Passthrough::disabled},
     [](const auto& c) { return c.c_info.passthrough == LIBXL_PASSTHROUGH_DISABLED; }},
    {GuestType::pv,
     {.passthrough = domain::Passthrough::enabled},
     [](const auto& c) { return c.c_info.passthrough == LIBXL_PASSTHROUGH_ENABLED; }},
    {GuestType::hvm,
     {.passthrough = domain::Passthrough::sync_pt},
     [](const auto& c) { return c.c_info.passthrough == LIBXL_PASSTHROUGH_SYNC_PT; }},
    {GuestType::hvm,
     {.passthrough = domain::Passthrough::share_pt},
     [](const auto& c) { return c.c_info.passthrough == LIBXL_PASSTHROUGH_SHARE_PT; }},
    {GuestType::pv, {.max_grant_frames = 7}, [](const auto& c) { return c.b_info.max_grant_frames == 7; }},
    {GuestType::pv, {.max_event_channels = 9}, [](const auto& c) { return c.b_info.event_channels == 9; }},
};

TEST(Platforms, AreWhereLibxlLooksForEachPart) {
    for (std::size_t row = 0; row < std::size(platform_places); ++row) {
        const auto& [type, platform, there] = platform_places[row];
        DomainConfig config;
        init(type, config);
        EXPECT_FALSE(there(*config)) << "row " << row << " is so anyway";
        write_platform({.type = type, .platform = platform}, *config);
        EXPECT_TRUE(there(*config)) << "row " << row;
    }
    DomainConfig config;
    init(GuestType::hvm, config);
    write_platform({.type = GuestType::hvm, .clock_adjustment = -3600}, *config);
    EXPECT_EQ(static_cast<std::int32_t>(config->b_info.rtc_timeoffset), -3600);
}

/// AES is bit 25 and AVX bit 28 of one register, which libxl writes from bit 31 on.
TEST(Platforms, ForceAndDisableFeaturesOfTheProcessor) {
    const auto bits = [](CpuPolicy aes, CpuPolicy avx) {
        DomainConfig config;
        init(GuestType::pv, config);
        write_platform({.platform = {.cpu_features = {{"aes", aes}, {"avx", avx}}}}, *config);
        const CString json(libxl_domain_config_to_json(nullptr, config.get()));
        const std::string text = json.get();
        const std::string_view name = "\"ecx\": \"";
        const auto at = text.find(name);
        return at == text.npos ? std::string() : text.substr(at + name.size(), 8);
    };
    EXPECT_EQ(bits(CpuPolicy::force, CpuPolicy::disable), "xxx0xx1x");
    EXPECT_EQ(bits(CpuPolicy::disable, CpuPolicy::force), "xxx1xx0x");
    EXPECT_EQ(bits(CpuPolicy::optional, CpuPolicy::force), "xxx1xxxx");
}

TEST(Platforms, OfPvGuestsWithPciDevicesHaveTheHostsMemoryMapUnlessToldOtherwise) {
    const auto maps = [](GuestType type, bool with_device, std::optional<bool> asked) {
        Definition definition{.type = type};
        if (with_device) definition.pci_devices = {{.address = {.bus = 7}}};
        definition.platform.e820_host = asked;
        DomainConfig config;
        init(type, config);
        write_platform(definition, *config);
        Definition read{.type = type};
        read_platform(*config, read);
        return read.platform.e820_host;
    };
    EXPECT_EQ(maps(GuestType::pv, true, std::nullopt), true);
    EXPECT_EQ(maps(GuestType::pv, true, false), false);
    EXPECT_EQ(maps(GuestType::pv, false, std::nullopt), std::nullopt);
    EXPECT_EQ(maps(GuestType::hvm, true, std::nullopt), std::nullopt);
}

TEST(Platforms, HaveTheirCpuFeaturesByXensNames) {
    EXPECT_TRUE(check_cpu_features({}));
    EXPECT_TRUE(check_cpu_features({{"aes", CpuPolicy::disable},
                                    {"cx16", CpuPolicy::force},
                                    {"lahf_lm", CpuPolicy::optional},
                                    {"pni", CpuPolicy::force}}));
    const auto unknown = check_cpu_features({{"aes", CpuPolicy::disable}, {"warp", CpuPolicy::force}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().message, "Xen knows no feature 'warp' of the processor");
}

TEST(Platforms, HaveFeaturesThatLibxlKnows) {
    for (const auto name : domain::cpu_feature_names) {
        EXPECT_TRUE(check_cpu_features({{std::string(name), CpuPolicy::optional}})) << name;
        EXPECT_TRUE(domain::check_cpu_feature(name)) << name << ": the table is in order";
    }
}

TEST(Platforms, OfXlThatCannotBeHeldAreRefusedByName) {
    DomainConfig config;
    init(GuestType::hvm, config);
    EXPECT_TRUE(check_platform(*config));
    Definition definition{.type = GuestType::hvm};
    definition.platform = {.host_cpu = true, .cpu_features = {{"aes", CpuPolicy::disable}}};
    write_platform(definition, *config);
    EXPECT_THAT(check_platform(*config).error().message, HasSubstr("features of the processor of its own"));
}

}  // namespace
}  // namespace virtlight::xenlight
