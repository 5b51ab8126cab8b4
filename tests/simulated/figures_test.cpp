// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "simulated/world.hpp"

namespace virtlight::simulated {
namespace {

using hypervisor::DomainFigures;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

class FiguresTest : public testing::Test {
 protected:
    DomId run(const std::string& name) {
        auto definition = guest_named(name);
        definition.vcpus_max = 3;
        definition.vcpus = 2;
        return world.machine.create(definition).value();
    }
    std::vector<DomainFigures> measure(const hypervisor::FiguresWanted& wanted) {
        return world.end_of(world.simulated.measure(wanted)).value();
    }

    World world;
};

TEST_F(FiguresTest, AreOfAllDomainsOrOfThoseThatAreNamed) {
    const auto one = run("one");
    const auto two = run("two");
    EXPECT_EQ(measure({}).size(), 3u);
    const auto some = measure({.of = {two, two + 7}});
    ASSERT_EQ(some.size(), 1u);
    EXPECT_EQ(some[0].seen.domid, two);
    EXPECT_THAT(some[0].vcpus, IsEmpty());
    EXPECT_NE(one, two);
}

TEST_F(FiguresTest, DivideTheTimeThatAGuestHasRunAmongItsVcpus) {
    const auto domid = run("one");
    world.loop.run_for(seconds(4));
    const auto figures = measure({.vcpus = true, .of = {domid}}).at(0);
    EXPECT_THAT(figures.vcpus, ElementsAre(Field(&hypervisor::VcpuFigures::online, true),
                                           Field(&hypervisor::VcpuFigures::online, true),
                                           Field(&hypervisor::VcpuFigures::online, false)));
    EXPECT_EQ(figures.seen.cpu_time, seconds(4));
    EXPECT_EQ(figures.vcpus[0].time, seconds(2));
    EXPECT_EQ(figures.vcpus[2].time, seconds(0));
}

TEST_F(FiguresTest, GoWrongWhereTheFaultPlanSaysSo) {
    world.simulated.faults().inject(Kind::measure, {.fails = Reason::operation_failed});
    EXPECT_FALSE(world.end_of(world.simulated.measure({})));
}

}  // namespace
}  // namespace virtlight::simulated
