// SPDX-License-Identifier: LGPL-2.1-or-later
// The true libxl over a Xen in memory.
#include "xenlight/topology.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xenlight/fake_xen.hpp"
#include "xenlight/host.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::HostCpu;
using hypervisor::HostNode;
using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

class Topology : public testing::Test {
 protected:
    void SetUp() override {
        fake_xen::Xen::get().reset();
        context = Context::open(loop, "test").value();
    }

    test::PollLoop loop;
    std::unique_ptr<Context> context;
};

TEST_F(Topology, SaysWhereTheProcessorsAreThatAreOnline) {
    const auto facts = read_host_facts(*context);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->topology, ElementsAre(HostCpu{0, 0, 0, 0}, HostCpu{1, 0, 0, 1}, HostCpu{2, 1, 1, 0}));
    EXPECT_EQ(facts->sockets_per_node, 1u);
}

TEST_F(Topology, SaysWhatTheNumaNodesHaveAndHowFarTheyAreFromEachOther) {
    const auto facts = read_host_facts(*context);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->numa, ElementsAre(HostNode{0, 2 << 20, {10, 21}}, HostNode{1, 2 << 20, {21, 10}}));
}

TEST_F(Topology, NamesWhatTheProcessorsCanAndWhoMadeThem) {
    const auto facts = read_host_facts(*context);
    ASSERT_TRUE(facts);
    EXPECT_THAT(facts->cpu_model.features, ElementsAre("fpu", "sse2", "movdir64b"));
    EXPECT_EQ(facts->cpu_model.vendor.size(), 12u);
    EXPECT_GT(facts->cpu_model.family, 0u);
}

TEST_F(Topology, IsMeasuredByNodeAndProcessorThatIsOnline) {
    const auto figures = measure_host(*context);
    ASSERT_TRUE(figures);
    EXPECT_THAT(figures->node_free_kib, ElementsAre(256 << 10, 512 << 10));
    EXPECT_THAT(figures->cpu_idle, ElementsAre(Pair(0, seconds(1)), Pair(1, seconds(2)), Pair(2, seconds(3))))
        << "the fourth has no times";
    EXPECT_GT(figures->up, seconds(0));
}

}  // namespace
}  // namespace virtlight::xenlight
