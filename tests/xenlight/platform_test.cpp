// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/platform.hpp"

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
