// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domain/sample.hpp"

namespace virtlight::domain::xml_platform_test {
namespace {

using testing::HasSubstr;

Sample hvm(const std::string& more, const std::string& devices = "") {
    return {.os = hvm_os, .more = more, .devices = devices};
}
Platform read(const Sample& sample) {
    return definition_of(sample).platform;
}

TEST(Platforms, AreReadAsLibvirtMeansThem) {
    EXPECT_EQ(read(hvm("<cpu mode='host-passthrough' check='none'>"
                       "<feature policy='require' name='svm'/><feature policy='forbid' name='aes'/>"
                       "<feature policy='optional' name='avx'/></cpu>")),
              (Platform{.host_cpu = true,
                        .cpu_features = {{"aes", CpuPolicy::disable}, {"avx", CpuPolicy::optional}},
                        .nested = true}));
    EXPECT_EQ(read(hvm("<clock offset='utc'><timer name='tsc' mode='emulate'/>"
                       "<timer name='hpet' present='no'/></clock>")),
              (Platform{.tsc = TscMode::emulate, .hpet = false}));
    EXPECT_EQ(read(hvm("<clock offset='utc'><timer name='tsc' mode='auto'/></clock>")), Platform());
    EXPECT_EQ(read(hvm("<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='yes'/></pm>")),
              (Platform{.suspend_to_mem = false, .suspend_to_disk = true}));
    EXPECT_EQ(read({.more = "<features><xen><e820_host state='on'/>"
                            "<passthrough state='on' mode='sync_pt'/></xen></features>"}),
              (Platform{.e820_host = true, .passthrough = Passthrough::sync_pt}));
    EXPECT_EQ(read({.more = "<features><xen><passthrough state='off'/></xen></features>"}),
              Platform{.passthrough = Passthrough::disabled});
    EXPECT_EQ(read({.devices = "<controller type='xenbus' maxGrantFrames='64' maxEventChannels='2047'/>"}),
              (Platform{.max_grant_frames = 64, .max_event_channels = 2047}));
}

TEST(Platforms, HaveAClockThatIsAheadOfAnother) {
    const auto clock = [](const std::string& attributes) {
        return *parse_xml(Sample{.more = "<clock " + attributes + "/>"}.xml());
    };
    const auto ahead = clock("offset='variable' adjustment='+3600' basis='localtime'");
    EXPECT_EQ(ahead.clock, ClockOffset::localtime);
    EXPECT_EQ(ahead.clock_adjustment, 3600);
    EXPECT_EQ(clock("offset='variable' adjustment='-60'").clock_adjustment, -60);
    EXPECT_THAT(format_xml(ahead),
                HasSubstr("<clock offset='variable' adjustment='3600' basis='localtime'/>"));
}

TEST(Platforms, ThatCannotBeAreRefusedWithTheirLine) {
    const auto refusal = [](const std::string& more) { return verdict(Sample{.more = more}.xml()); };
    EXPECT_THAT(refusal("<cpu/>"), HasSubstr("line 5: <cpu> has no mode"));
    EXPECT_THAT(refusal("<cpu mode='custom'/>"), HasSubstr("allowed here: host-passthrough"));
    const auto feature = [&](const std::string& attributes) {
        return refusal("<cpu mode='host-passthrough'><feature " + attributes + "/></cpu>");
    };
    EXPECT_THAT(feature("policy='require' name='vmx'"), HasSubstr("a PV guest has no feature 'vmx'"));
    EXPECT_THAT(feature("policy='maybe' name='aes'"), HasSubstr("'maybe'; allowed here: force, optional"));
    EXPECT_THAT(feature("policy='require' name='AES,x'"), HasSubstr("has no name, or a bad one: 'AES,x'"));
    EXPECT_THAT(refusal("<cpu mode='host-passthrough'><feature name='aes'/><feature name='aes'/></cpu>"),
                HasSubstr("the feature 'aes' twice"));
    const auto nested = [](const std::string& features) {
        return verdict(hvm("<cpu mode='host-passthrough'>" + features + "</cpu>").xml());
    };
    EXPECT_THAT(nested("<feature name='vmx'/><feature name='vmx'/>"), HasSubstr("the feature 'vmx' twice"));
    EXPECT_THAT(nested("<feature name='vmx'/><feature policy='disable' name='svm'/>"),
                HasSubstr("says otherwise of 'svm' than before"));
    EXPECT_EQ(nested("<feature name='vmx'/><feature name='svm'/>"), "ok");
    EXPECT_THAT(refusal("<cpu mode='host-passthrough'><topology sockets='1' cores='1' threads='1'/></cpu>"),
                HasSubstr("element <topology> is not supported"));
    EXPECT_THAT(refusal("<clock offset='utc'><timer name='hpet'/></clock>"), HasSubstr("only HVM guests"));
    EXPECT_THAT(refusal("<clock offset='utc'><timer name='tsc' mode='native'/><timer name='tsc'/></clock>"),
                HasSubstr("<clock> has a second <timer> 'tsc'"));
    EXPECT_THAT(refusal("<clock offset='utc'><timer name='pit'/></clock>"),
                HasSubstr("allowed here: tsc, hpet"));
    EXPECT_THAT(refusal("<clock offset='utc'><timer name='tsc' mode='smpsafe'/></clock>"),
                HasSubstr("allowed here: native, paravirt, emulate"));
    EXPECT_THAT(refusal("<clock offset='variable' adjustment='x'/>"),
                HasSubstr("a number of seconds, from -2147483648 to 2147483647, not 'x'"));
    EXPECT_THAT(refusal("<clock offset='variable' adjustment='+-5'/>"), HasSubstr("not '+-5'"));
    EXPECT_THAT(refusal("<clock offset='variable' adjustment='2147483648'/>"), HasSubstr("not '2147483648'"));
    EXPECT_THAT(refusal("<pm><suspend-to-mem/></pm>"), HasSubstr("only HVM guests have <suspend-to-mem>"));
    EXPECT_THAT(verdict(hvm("<features><xen><e820_host state='on'/></xen></features>").xml()),
                HasSubstr("only PV guests have <e820_host>"));
    EXPECT_THAT(refusal("<features><xen><passthrough state='off' mode='sync_pt'/></xen></features>"),
                HasSubstr("that is off has no mode"));
    EXPECT_THAT(verdict(Sample{.devices = "<controller type='xenbus' maxEventChannels='0'/>"}.xml()),
                HasSubstr("'maxEventChannels' of <controller> must be a number from 1"));
}

}  // namespace
}  // namespace virtlight::domain::xml_platform_test
