// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/numa.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "domain/memory.hpp"
#include "domain/sample.hpp"
#include "domain/xl_cfg_sample.hpp"

namespace virtlight::domain::numa_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

CpuSet cpus(std::string_view words) {
    return CpuSet::parse(words).value_or(CpuSet());
}

// In domain XML

Sample with(const std::string& cells, const std::string& more = "") {
    return {.os = hvm_os, .more = "<vcpu>4</vcpu>" + more + "<cpu><numa>" + cells + "</numa></cpu>"};
}
const std::string two =
    "<cell id='0' cpus='0-2' memory='384' unit='MiB'/>"
    "<cell cpus='3' memory='131072'/>";

TEST(Numa, IsReadFromCpuAndNumatune) {
    const auto definition =
        definition_of(with(two, "<numatune><memnode cellid='1' mode='strict' nodeset='2'/></numatune>"));
    EXPECT_EQ(definition.numa,
              (std::vector<NumaCell>{{.memory_kib = 384 * mib, .vcpus = cpus("0-2")},
                                     {.memory_kib = 128 * mib, .vcpus = cpus("3"), .node = 2}}));
    EXPECT_FALSE(definition.platform.host_cpu);
    EXPECT_THAT(format_xml(definition), Not(HasSubstr("host-passthrough")));
}

TEST(Numa, BringsAcpiByWhichAGuestFindsIt) {
    EXPECT_TRUE(definition_of(with(two)).features.acpi);
    EXPECT_TRUE(definition_of(with(two, "<features><apic/></features>")).features.acpi);
    EXPECT_FALSE(definition_of({.os = hvm_os}).features.acpi);
}

std::string cells_with(const std::string& first, const std::string& second) {
    return "<cell cpus='0-2' memory='384' unit='MiB'><distances>" + first +
           "</distances></cell><cell cpus='3' memory='128' unit='MiB'><distances>" + second +
           "</distances></cell>";
}

TEST(Numa, HasDistancesThatGoForBothWaysUnlessEachIsTold) {
    const auto distances = [](const std::string& first, const std::string& second) {
        const auto cells = definition_of(with(cells_with(first, second))).numa;
        return std::vector{cells.at(0).distances, cells.at(1).distances};
    };
    using Rows = std::vector<std::vector<unsigned>>;
    EXPECT_EQ(distances("<sibling id='1' value='31'/>", ""), (Rows{{10, 31}, {31, 10}}));
    EXPECT_EQ(distances("<sibling id='1' value='31'/>", "<sibling id='0' value='21'/>"),
              (Rows{{10, 31}, {21, 10}}));
    EXPECT_EQ(distances("<sibling id='0' value='10'/><sibling id='1' value='20'/>", ""), (Rows{{}, {}}))
        << "it is what holds anyway";
}

TEST(Numa, ThatCannotBeIsRefusedWithItsLine) {
    const auto refusal = [](const std::string& cells, const std::string& more = "") {
        return verdict(with(cells, more).xml());
    };
    EXPECT_THAT(refusal("<cell cpus='0-3' memory='128' unit='MiB'/>"),
                HasSubstr("line 5: <numa>: the NUMA cells have 393216 KiB less memory than the guest"));
    EXPECT_THAT(refusal("<cell cpus='0-3' memory='513' unit='MiB'/>"),
                HasSubstr("more memory than the guest"));
    EXPECT_THAT(refusal("<cell cpus='0-2' memory='512' unit='MiB'/>"),
                HasSubstr("must have the vCPUs 0 to 3, and have 0-2"));
    EXPECT_THAT(
        refusal("<cell cpus='0-2' memory='256' unit='MiB'/><cell cpus='2-3' memory='256' unit='MiB'/>"),
        HasSubstr("vCPU 2 is in two NUMA cells"));
    EXPECT_THAT(refusal("<cell id='1' cpus='0-3' memory='512' unit='MiB'/>"), HasSubstr("'id'"));
    EXPECT_THAT(refusal("<cell cpus='x' memory='512' unit='MiB'/>"), HasSubstr("'x'"));
    EXPECT_THAT(refusal("<cell cpus='0-3'/>"), HasSubstr("Invalid value ''"));
    EXPECT_THAT(refusal("<cell cpus='0-3' memory='512' unit='MiB' memAccess='shared'/>"),
                HasSubstr("memAccess"));
    const auto node = [](const std::string& cell, const std::string& mode, const std::string& nodes) {
        return "<numatune><memnode cellid='" + cell + "' mode='" + mode + "' nodeset='" + nodes +
               "'/></numatune>";
    };
    EXPECT_THAT(refusal(two, node("2", "strict", "1")), HasSubstr("'cellid' of <memnode> must be a number"));
    EXPECT_THAT(refusal(two, "<numatune><memnode nodeset='1'/></numatune>"),
                HasSubstr("<memnode> has no attribute 'cellid'"));
    EXPECT_THAT(refusal(two, node("0", "preferred", "1")), HasSubstr("allowed here: strict"));
    EXPECT_THAT(refusal(two, node("0", "strict", "0-1")),
                HasSubstr("'nodeset' of <memnode> must be a number from 0 to 63, not '0-1'"));
    EXPECT_THAT(refusal(two,
                        "<numatune><memnode cellid='0' nodeset='1'/><memnode cellid='0' nodeset='0'/>"
                        "</numatune>"),
                HasSubstr("NUMA cell 0 has a second <memnode>"));
    EXPECT_THAT(refusal(two, "<numatune><memory mode='strict' nodeset='1'/></numatune>"),
                HasSubstr("element <memory> is not supported"));
    EXPECT_THAT(verdict(Sample{.more = "<numatune><memnode cellid='0' nodeset='1'/></numatune>"}.xml()),
                HasSubstr("<memnode> needs a <cell> in <cpu>"));
}

TEST(Numa, WithDistancesThatCannotBeIsRefused) {
    const auto refusal = [](const std::string& siblings) {
        return verdict(with(cells_with(siblings, "")).xml());
    };
    EXPECT_THAT(refusal("<sibling id='2' value='10'/>"),
                HasSubstr("attribute 'id' of <sibling> must be a number from 0 to 1"));
    EXPECT_THAT(refusal("<sibling id='1' value='20'/><sibling id='1' value='30'/>"),
                HasSubstr("NUMA cell 0 has a second <sibling> of one id"));
    EXPECT_THAT(refusal("<sibling id='0' value='5'/>"), HasSubstr("must be from 10 to 255"));
    EXPECT_THAT(refusal("<sibling id='1' value='256'/>"), HasSubstr("must be a number from 0 to 255"));
    EXPECT_THAT(refusal("<sibling id='0' value='30'/>"),
                HasSubstr("NUMA cell 0 is nearer to another than to itself"));
}

TEST(Numa, IsForGuestsThatXenCanGiveIt) {
    auto guest = with(two);
    guest.os = Sample{}.os;
    EXPECT_THAT(verdict(guest.xml()), HasSubstr("only an HVM guest can have NUMA cells"));
    guest = with(two, "<currentMemory unit='MiB'>256</currentMemory>");
    EXPECT_THAT(verdict(guest.xml()),
                HasSubstr("has all of its memory from its start, 524288 KiB and not 262144"));
    std::string many;
    for (std::size_t cell = 0; cell <= limits::numa_cells; ++cell)
        many += "<cell cpus='" + std::to_string(cell) + "' memory='1' unit='MiB'/>";
    EXPECT_THAT(verdict(with(many).xml()), HasSubstr("a guest can have 32 NUMA cells, not 33"));
}

// As an option of xl's

const std::string xl_guest = xl::hvm + "vcpus=4\n";

TEST(XlCfgNuma, IsReadAsXlDoes) {
    const auto cells = xl::read(xl_guest +
                                "vnuma=[['pnode=0','size=384','vcpus=0-1,2','vdistances=10,20'], "
                                "['pnode = 1','size=128','vcpus=3','vdistances=31,10']]")
                           .numa;
    EXPECT_EQ(cells, (std::vector<NumaCell>{
                         {.memory_kib = 384 * mib, .vcpus = cpus("0-2"), .distances = {10, 20}},
                         {.memory_kib = 128 * mib, .vcpus = cpus("3"), .node = 1, .distances = {31, 10}}}));
    EXPECT_EQ(xl::read(xl_guest + "vnuma=[]").numa, std::vector<NumaCell>());
}

TEST(XlCfgNuma, BringsAcpiWithARemark) {
    const auto cfg = read_xl_cfg(xl_guest + "vnuma=[['size=512','vcpus=0-3']]\nacpi=0");
    ASSERT_TRUE(cfg) << cfg.error().message;
    EXPECT_TRUE(cfg->definition.features.acpi);
    EXPECT_THAT(cfg->remarks, ElementsAre(HasSubstr("line 6: 'acpi' is on here")));
    EXPECT_FALSE(xl::read(xl_guest + "acpi=0").features.acpi);
}

TEST(XlCfgNuma, SaysHowManyVcpusThereAre) {
    const auto definition =
        xl::read(xl::hvm + "vcpus=2\nvnuma=[['size=512','vcpus=0-3']]\ncpus=['0','1','2']");
    EXPECT_EQ(definition.vcpus_max, 4u);
    EXPECT_EQ(definition.vcpus, 2u);
}

TEST(XlCfgNuma, ThatCannotBeIsRefusedWithItsLine) {
    const auto refusal = [](const std::string& vnuma) { return xl::refusal(xl_guest + "vnuma=" + vnuma); };
    EXPECT_THAT(refusal("[['size=512','vcpus=0-2']]"),
                HasSubstr("line 5: 'vnuma': the NUMA cells must have"));
    EXPECT_THAT(refusal("[['size=512','vcpus=0-4']]\nmaxvcpus=4"), HasSubstr("and have 0-4"));
    EXPECT_THAT(refusal("[['size=512','vcpus=0-600']]"),
                HasSubstr("line 5: 'vnuma': the NUMA cells must have the vCPUs 0 to 127, and have 0-600"));
    EXPECT_THAT(refusal("[['size=512','vcpus=0-3','colour=1']]"), HasSubstr("'colour=1' in 'vnuma'"));
    EXPECT_THAT(refusal("[['size=x','vcpus=0-3']]"), HasSubstr("'size' in 'vnuma' must be a number"));
    EXPECT_THAT(refusal("[['size=512','vcpus=0-3','vdistances=a']]"),
                HasSubstr("'vdistances' in 'vnuma' must be a number from 0 to 255, not 'a'"));
    EXPECT_THAT(refusal("[['size=512','vcpus=0-3','vdistances=10,20']]"),
                HasSubstr("NUMA cell 0 has 2 distances; there are 1 cells"));
    EXPECT_THAT(refusal("'wide'"), HasSubstr("'wide' in 'vnuma' is not supported"));
    std::string many = "[";
    for (int cell = 0; cell < 4'000; ++cell)
        many += "[],";
    EXPECT_THAT(refusal(many + "[]]"), HasSubstr("a guest can have 32 NUMA cells, not 4001"));
    EXPECT_THAT(xl::refusal(xl::pv + "vnuma=[['size=512','vcpus=0']]"),
                HasSubstr("line 4: 'vnuma': only an HVM guest can have NUMA cells"));
}

}  // namespace
}  // namespace virtlight::domain::numa_test
