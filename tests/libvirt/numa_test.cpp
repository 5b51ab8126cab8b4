// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/scheduling_messages.hpp"
#include "libvirt/statistics_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NumaTest : public ConversationTest {
 protected:
    Domain define(const std::string& cpu) {
        return talk
            .call<Domain>(11,
                          "<domain type='xen'><name>web</name><memory unit='MiB'>64</memory>"
                          "<vcpu>2</vcpu>" +
                              cpu + "<os><type>hvm</type></os></domain>")
            .value();
    }
    std::vector<TypedParam> params(const Domain& dom, std::uint32_t flags) {
        return talk.call<ParamsReply>(255, ParamsArgs{dom, 16, flags}).value().params;
    }

    const std::string cells =
        "<cpu><numa><cell id='0' cpus='0' memory='32' unit='MiB'/>"
        "<cell id='1' cpus='1' memory='32' unit='MiB'/></numa></cpu>"
        "<numatune><memnode cellid='1' mode='strict' nodeset='2'/></numatune>";
};

TEST_F(NumaTest, IsWhereTheCellsAreOrAnywhere) {
    EXPECT_THAT(params(define(cells), flag::config),
                ElementsAre(TypedParam{"numa_nodeset", std::string("0,2")},
                            TypedParam{"numa_mode", std::int32_t{0}}));
}

TEST_F(NumaTest, OfAGuestThatRunsIsWhatXenSays) {
    const auto dom = define("");
    EXPECT_TRUE(talk.call<void>(9, dom));
    talk.xen.nodes[1] = domain::CpuSet::first(2);
    EXPECT_THAT(params(dom, flag::live), ElementsAre(TypedParam{"numa_nodeset", std::string("0-1")},
                                                     TypedParam{"numa_mode", std::int32_t{2}}));
    EXPECT_THAT(params(dom, flag::config), ElementsAre(TypedParam{"numa_nodeset", std::string()},
                                                       TypedParam{"numa_mode", std::int32_t{2}}));
    EXPECT_EQ(talk.call<ParamsReply>(255, ParamsArgs{dom, 0, 0}).value(), (ParamsReply{{}, 2}));
}

TEST_F(NumaTest, IsNotChanged) {
    const auto answer = talk.call<void>(254, SetParamsArgs{define(""), {{"numa_mode", std::int32_t{0}}}, 0});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, Reason::unsupported_operation);
    EXPECT_THAT(answer.error().message, HasSubstr("'web'"));
}

}  // namespace
}  // namespace virtlight::libvirt
