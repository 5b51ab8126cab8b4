// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/cpu_tuning.hpp"

#include <gtest/gtest.h>

namespace virtlight::xenlight {
namespace {

using domain::CpuSet;
using domain::CpuTuning;

/// What comes back of a guest with three vCPUs.
CpuTuning there_and_back(const CpuTuning& tuning) {
    DomainConfig config;
    libxl_domain_build_info_init_type(&config->b_info, LIBXL_DOMAIN_TYPE_PV);
    config->b_info.max_vcpus = 3;
    write_cpu_tuning({.vcpus_max = 3, .cpu_tuning = tuning}, config->b_info);
    return read_cpu_tuning(config->b_info);
}

TEST(CpuTuning, OfNothingIsLeftToXen) {
    DomainConfig config;
    write_cpu_tuning({}, config->b_info);
    EXPECT_EQ(config->b_info.num_vcpu_hard_affinity, 0);
    EXPECT_TRUE(libxl_defbool_is_default(config->b_info.numa_placement));
    EXPECT_EQ(config->b_info.sched_params.weight, LIBXL_DOMAIN_SCHED_PARAM_WEIGHT_DEFAULT);
    EXPECT_EQ(there_and_back({}), CpuTuning());
}

TEST(CpuTuning, ComesBackFromLibxl) {
    const auto some = CpuSet::parse("0,9").value();
    EXPECT_EQ(there_and_back({.cpus = some}), (CpuTuning{.cpus = some}));
    EXPECT_EQ(there_and_back({.pins = {{1, some}}}), (CpuTuning{.pins = {{1, some}}}));
    EXPECT_EQ(there_and_back({.share = {.weight = 512, .cap = 50}}),
              (CpuTuning{.share = {.weight = 512, .cap = 50}}));
}

TEST(CpuTuning, IsWhereLibxlLooksForIt) {
    DomainConfig config;
    const auto one = CpuSet::parse("2").value();
    write_cpu_tuning(
        {.vcpus_max = 3, .cpu_tuning = {.pins = {{1, one}}, .share = {.weight = 512, .cap = 50}}},
        config->b_info);
    EXPECT_EQ(config->b_info.sched_params.weight, 512);
    EXPECT_EQ(config->b_info.sched_params.cap, 50);
    EXPECT_EQ(config->b_info.num_vcpu_soft_affinity, 0);
    ASSERT_EQ(config->b_info.num_vcpu_hard_affinity, 2) << "up to the last that has one";
    const auto may = [&](int vcpu, int cpu) {
        return libxl_bitmap_test(&config->b_info.vcpu_hard_affinity[vcpu], cpu) != 0;
    };
    EXPECT_TRUE(may(0, 1) && may(0, 2) && !may(1, 1) && may(1, 2));
}

TEST(CpuTuning, OfOneVcpuTakesThePlaceOfThatOfAll) {
    const auto all = CpuSet::first(4);
    const auto one = CpuSet::parse("2").value();
    const auto tuning = there_and_back({.cpus = all, .pins = {{1, one}}});
    EXPECT_EQ(tuning.pins, (std::map<unsigned, CpuSet>{{0, all}, {1, one}, {2, all}}));
}

}  // namespace
}  // namespace virtlight::xenlight
