// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/cpu_definition.hpp"
#include "libvirt/cpu_messages.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/schema.hpp"

namespace virtlight::libvirt {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const hypervisor::HostFacts haswell{
    .cpu_model = {"GenuineIntel", 6, 60, 3, {"fpu", "invtsc", "sse2", "sse4_1"}}};

CpuComparison with_host(const std::string& xml) {
    const auto cpu = parse_cpu(xml);
    EXPECT_TRUE(cpu) << cpu.error().message;
    return cpu ? compare(cpu_of(haswell), *cpu) : CpuComparison();
}
CpuMatch match(const std::string& xml) {
    return with_host(xml).match;
}
std::string features(const std::string& names, const std::string& policy = "require") {
    std::string all;
    for (const auto& name : domain::words_in(names))
        all += "<feature policy='" + policy + "' name='" + name + "'/>";
    return all;
}
const auto everything = features("fpu invtsc sse2 sse4.1");

TEST(CpuComparison, IsIdenticalOrASupersetByWhatIsWanted) {
    EXPECT_EQ(match("<cpu>" + everything + "</cpu>"), CpuMatch::identical);
    EXPECT_EQ(match("<cpu>" + features("fpu sse2") + "</cpu>"), CpuMatch::superset);
    EXPECT_EQ(match("<cpu match='minimum'>" + features("fpu") + "</cpu>"), CpuMatch::superset);
    EXPECT_EQ(match("<cpu>" + features("fpu sse2") + features("invtsc sse4_1", "optional") + "</cpu>"),
              CpuMatch::identical);
    EXPECT_EQ(match("<cpu mode='host-passthrough'/>"), CpuMatch::identical);
    EXPECT_EQ(match("<cpu mode='host-passthrough'>" + features("avx2", "force") + "</cpu>"),
              CpuMatch::identical);
}

TEST(CpuComparison, NamesWhatTheHostLacksOrShouldLack) {
    const auto missing = with_host("<cpu>" + features("fpu avx2 aes") + "</cpu>");
    EXPECT_EQ(missing.match, CpuMatch::incompatible);
    EXPECT_EQ(missing.reason, "host CPU does not provide required features: aes, avx2");
    EXPECT_EQ(with_host("<cpu>" + features("sse2", "forbid") + "</cpu>").reason,
              "host CPU provides forbidden features: sse2");
    EXPECT_EQ(with_host("<cpu mode='maximum'>" + features("vmx") + "</cpu>").match, CpuMatch::incompatible);
    EXPECT_EQ(with_host("<cpu match='strict'>" + features("fpu sse2") + "</cpu>").reason,
              "host CPU has more features than a strict match allows: invtsc, sse4_1");
    EXPECT_EQ(match("<cpu match='strict'>" + everything + "</cpu>"), CpuMatch::identical);
    EXPECT_THAT(with_host("<cpu><vendor>AMD</vendor></cpu>").reason, HasSubstr("vendor AMD"));
    EXPECT_EQ(match("<cpu><vendor>Intel</vendor>" + everything + "</cpu>"), CpuMatch::identical);
    EXPECT_THAT(with_host("<cpu><arch>aarch64</arch></cpu>").reason, HasSubstr("aarch64"));
}

TEST(CpuComparison, IsNotAboutWhereAProcessorIsAndHowManyThereAreOfIt) {
    EXPECT_EQ(match("<cpu><arch>x86_64</arch><signature family='6' model='1' stepping='2'/><microcode "
                    "version='3'/><counter name='tsc' frequency='1' scaling='no'/><topology sockets='1' "
                    "cores='2' threads='3'/><maxphysaddr mode='emulate' bits='39'/><pages unit='KiB' "
                    "size='4'/><numa><cell id='0' memory='1'/></numa>" +
                    everything + "</cpu>"),
              CpuMatch::identical);
}

TEST(CpuComparison, RefusesWhatItCannotRead) {
    const auto refusal = [](const std::string& xml) {
        const auto cpu = parse_cpu(xml);
        return cpu ? Error{Reason::internal, "it was read"} : cpu.error();
    };
    EXPECT_EQ(refusal("<cpu").reason, Reason::invalid_xml);
    EXPECT_EQ(refusal("<domain/>").message, "XML does not contain expected 'cpu' element, but 'domain'");
    EXPECT_EQ(refusal("<cpu><feature/></cpu>").reason, Reason::invalid_xml);
    EXPECT_EQ(refusal("<cpu>" + features("fpu fpu") + "</cpu>").reason, Reason::invalid_xml);
    EXPECT_EQ(refusal("<cpu>" + features("fpu", "perhaps") + "</cpu>").reason, Reason::unsupported_config);
    EXPECT_THAT(refusal("<cpu><model>Haswell</model></cpu>").message, HasSubstr("model 'Haswell'"));
    EXPECT_TRUE(parse_cpu("<cpu mode='host-model'><model fallback='allow'/></cpu>"));
    EXPECT_FALSE(parse_cpu("<cpu><wheels/></cpu>"));
}

std::vector<CpuDefinition> cpus(const std::vector<std::string>& xmls) {
    std::vector<CpuDefinition> all;
    for (const auto& xml : xmls)
        all.push_back(parse_cpu(xml).value());
    return all;
}

TEST(CpuBaseline, IsWhatAllOfThemCan) {
    const auto both = cpus({"<cpu><vendor>Intel</vendor>" + everything + "</cpu>",
                            "<cpu><vendor>Intel</vendor>" + features("sse2 invtsc aes") +
                                features("fpu", "disable") + "</cpu>"});
    const auto xml = common_cpu_xml(both, false).value();
    EXPECT_THAT(xml, AllOf(HasSubstr("<vendor>Intel</vendor>"), HasSubstr("name='sse2'"),
                           HasSubstr("name='invtsc'"), Not(HasSubstr("fpu")), Not(HasSubstr("aes"))));
    EXPECT_EQ(complaint("cpu.rng", xml), "");
    EXPECT_EQ(match(xml), CpuMatch::superset);
    EXPECT_THAT(common_cpu_xml(both, true).value(), Not(HasSubstr("invtsc")));
    EXPECT_EQ(match(common_cpu_xml({cpu_of(haswell)}, false).value()), CpuMatch::identical);
}

TEST(CpuBaseline, OfWhatHasNothingInCommonIsRefused) {
    EXPECT_THAT(
        common_cpu_xml(cpus({"<cpu><vendor>Intel</vendor></cpu>", "<cpu><vendor>AMD</vendor></cpu>"}), false)
            .error()
            .message,
        HasSubstr("different vendors: Intel and AMD"));
    EXPECT_THAT(common_cpu_xml(cpus({"<cpu>" + features("a") + "</cpu>", "<cpu/>"}), false).error().message,
                HasSubstr("no feature in common"));
}

class CpuCalls : public ConversationTest {
 protected:
    void SetUp() override {
        talk.xen.facts.cpu_model = haswell.cpu_model;
        talk.xen.facts.has_pv = true;
    }

    const std::string little = "<cpu>" + features("fpu") + "</cpu>";
    const std::string more = "<cpu>" + features("fpu avx2") + "</cpu>";
};

TEST_F(CpuCalls, CompareWithTheHost) {
    EXPECT_EQ(talk.call<std::int32_t>(158, TextFlags{little}).value(), 2);
    EXPECT_EQ(talk.call<std::int32_t>(158, TextFlags{more}).value(), 0);
    const auto error = refusal<std::int32_t>(158, TextFlags{more, flag::cpu::fail_incompatible});
    EXPECT_EQ(error.reason, Reason::incompatible_cpu);
    EXPECT_THAT(error.message, HasSubstr("required features: avx2"));
    EXPECT_EQ(talk.call<std::int32_t>(393, HypervisorCpuArgs{.machine = "xenpv", .xml = little}).value(), 2);
    EXPECT_THAT(refusal<std::int32_t>(393, HypervisorCpuArgs{.machine = "q35", .xml = little}).message,
                HasSubstr("machine 'q35'"));
}

TEST_F(CpuCalls, FindWhatIsCommon) {
    EXPECT_THAT(talk.call<std::string>(162, CpusArgs{{more}}).value(), HasSubstr("avx2"));
    EXPECT_THAT(talk.call<std::string>(394, HypervisorCpusArgs{.xmls = {more}}).value(),
                AllOf(HasSubstr("fpu"), Not(HasSubstr("avx2"))));
    EXPECT_EQ(refusal<std::string>(162, CpusArgs{}).reason, Reason::invalid_argument);
    EXPECT_THAT(refusal<std::string>(162, CpusArgs{{"<cpu mode='host-passthrough'/>"}}).message,
                HasSubstr("does not tell its features"));
    EXPECT_EQ(refusal<std::string>(162, CpusArgs{std::vector<std::string>(257, little)}).reason,
              Reason::operation_failed);
}

TEST_F(CpuCalls, TellThatThereAreNoModels) {
    EXPECT_EQ(refusal<void>(312, CpuModelsArgs{"x86_64", 1}).reason, Reason::no_support);
    EXPECT_EQ(refusal<void>(312, CpuModelsArgs{"riscv64", 1}).reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace virtlight::libvirt
