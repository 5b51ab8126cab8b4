// SPDX-License-Identifier: LGPL-2.1-or-later
// The true libxl over a Xen in memory.
#include "xenlight/measure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xenlight/fake_xen.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DomainFigures;
using testing::ElementsAre;
using testing::IsEmpty;

class Measure : public testing::Test {
 protected:
    void SetUp() override {
        xen.reset();
        xen.add({.domid = 5}, "one");
        xen.add({.domid = 6}, "two");
        context = Context::open(loop, "test").value();
    }
    static std::vector<unsigned> domids(const std::vector<DomainFigures>& all) {
        std::vector<unsigned> found;
        for (const auto& domain : all)
            found.push_back(domain.seen.domid);
        return found;
    }

    fake_xen::Xen& xen = fake_xen::Xen::get();
    test::PollLoop loop;
    std::unique_ptr<Context> context;
};

TEST_F(Measure, ListsAllDomainsInOneCallOfXen) {
    const auto before = xen.lists;
    const auto all = measure(*context, {});
    ASSERT_TRUE(all);
    EXPECT_THAT(domids(*all), ElementsAre(0, 5, 6));
    EXPECT_EQ(xen.lists, before + 1);
    EXPECT_THAT(all->at(1).vcpus, IsEmpty());
}

TEST_F(Measure, LeavesOutWhatIsNotWantedOrGone) {
    const auto some = measure(*context, {.of = {6, 9}});
    ASSERT_TRUE(some);
    EXPECT_THAT(domids(*some), ElementsAre(6));
}

TEST_F(Measure, TellsOfEachVcpuWhereItIsWanted) {
    const auto some = measure(*context, {.vcpus = true, .of = {5}});
    ASSERT_TRUE(some);
    const auto& vcpus = some->at(0).vcpus;
    ASSERT_EQ(vcpus.size(), 1u);
    EXPECT_TRUE(vcpus[0].online);
    EXPECT_TRUE(vcpus[0].blocked);
    EXPECT_EQ(vcpus[0].cpu, 2u);
    EXPECT_EQ(vcpus[0].time, seconds(3));
    EXPECT_EQ(vcpus[0].may_run_on.format(), "1-2");
}

}  // namespace
}  // namespace virtlight::xenlight
