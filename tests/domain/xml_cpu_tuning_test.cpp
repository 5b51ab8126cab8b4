// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"
#include "domain/xml.hpp"

namespace virtlight::domain::xml_cpu_tuning_test {
namespace {

using testing::HasSubstr;

CpuTuning read(const std::string& more) {
    return definition_of({.more = more}).cpu_tuning;
}
std::string refusal(const std::string& cputune) {
    return verdict(Sample{.more = "<vcpu>2</vcpu><cputune>" + cputune + "</cputune>"}.xml());
}

TEST(CpuTuningXml, SaysWhereVcpusRunAndHowMuchTheyGet) {
    const auto tuning = read(
        "<vcpu cpuset='0-3,^2'>2</vcpu><cputune><shares>512</shares><global_period>50000</global_period>"
        "<global_quota>75000</global_quota><vcpupin vcpu='1' cpuset='7'/></cputune>");
    EXPECT_EQ(tuning.cpus.format(), "0-1,3");
    ASSERT_EQ(tuning.pins.size(), 1u);
    EXPECT_EQ(tuning.pins.at(1).format(), "7");
    EXPECT_EQ(tuning.share, (CpuShare{.weight = 512, .cap = 150}));
    EXPECT_EQ(read("<cputune/>"), CpuTuning());
}

TEST(CpuTuningXml, ThatCannotBeIsRefused) {
    EXPECT_THAT(refusal("<vcpupin vcpu='2' cpuset='0'/>"), HasSubstr("must be from 0 to 1"));
    EXPECT_THAT(refusal("<vcpupin cpuset='0'/>"), HasSubstr("must be from 0 to 1"));
    EXPECT_THAT(refusal("<vcpupin vcpu='0' cpuset='x'/>"), HasSubstr("'x' is no set of processors"));
    EXPECT_THAT(refusal("<vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='0' cpuset='1'/>"),
                HasSubstr("vCPU 0 has a second <vcpupin>"));
    EXPECT_THAT(refusal("<shares>0</shares>"), HasSubstr("<shares> must be from 1 to 65535, not '0'"));
    EXPECT_THAT(refusal("<global_period>0</global_period>"), HasSubstr("<global_period> must be"));
    EXPECT_THAT(refusal("<global_period>100000</global_period>"),
                HasSubstr("<global_period> says nothing without a <global_quota>"));
    EXPECT_THAT(refusal("<global_quota>-1</global_quota>"), HasSubstr("<global_quota> must be"));
    EXPECT_THAT(refusal("<global_quota>1</global_quota>"),
                HasSubstr("a whole percentage of <global_period>"));
    EXPECT_THAT(refusal("<emulatorpin cpuset='1'/>"), HasSubstr("emulatorpin"));
    EXPECT_THAT(verdict(Sample{.more = "<vcpu cpuset='-1'>1</vcpu>"}.xml()),
                HasSubstr("no set of processors"));
}

}  // namespace
}  // namespace virtlight::domain::xml_cpu_tuning_test
