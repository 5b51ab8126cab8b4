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
        definition.disks = {{.target = {.index = 0}, .source = domain::Disk::Source::file, .path = "/a"},
                            {.target = {.index = 2}, .device = domain::Disk::Device::cdrom}};
        definition.nics = {{.devid = 0, .bridge = "b"}, {.devid = 4, .bridge = "b", .target = "web0"}};
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

TEST_F(FiguresTest, OfTheHostAreItsNodesAndHowLongItsProcessorsHadNothingToDo) {
    const auto before = world.end_of(world.simulated.measure_host()).value();
    run("one");
    world.loop.run_for(seconds(4));
    const auto after = world.end_of(world.simulated.measure_host()).value();
    ASSERT_EQ(after.node_free_kib.size(), world.simulated.host().numa.size());
    EXPECT_LT(after.node_free_kib[1], before.node_free_kib[1]);
    ASSERT_EQ(after.cpu_idle.size(), world.simulated.host().cpus);
    EXPECT_GT(after.up - before.up, after.cpu_idle.at(0) - before.cpu_idle.at(0)) << "somebody has run";
}

TEST_F(FiguresTest, ShowAPictureOfAGuestThatHasAScreen) {
    auto definition = guest_named("shown");
    definition.graphics.vnc.emplace();
    const auto shown = world.machine.create(definition).value();
    const auto picture = world.end_of(world.simulated.screenshot(shown)).value();
    EXPECT_EQ(picture.type, "image/x-portable-pixmap");
    EXPECT_TRUE(picture.bytes.starts_with("P6\n64 48\n255\n"));
    EXPECT_EQ(picture.bytes.size(), std::string_view("P6\n64 48\n255\n").size() + 64 * 48 * 3);
    EXPECT_EQ(world.end_of(world.simulated.screenshot(run("dark"))).error().reason,
              Reason::unsupported_operation);
    EXPECT_EQ(world.end_of(world.simulated.screenshot(99)).error().reason, Reason::no_domain);
}

TEST_F(FiguresTest, OfDisksAndNetworkInterfacesGrowWhileTheGuestRuns) {
    const auto domid = run("one");
    world.loop.run_for(seconds(1));
    const auto figures = measure({.nics = true, .disks = true, .of = {domid}}).at(0);
    ASSERT_EQ(figures.nics.size(), 2u);
    EXPECT_EQ(figures.nics[0].name, "vif" + std::to_string(domid) + ".0");
    EXPECT_EQ(figures.nics[1].name, "web0");
    EXPECT_EQ(figures.nics[1].devid, 4u);
    EXPECT_EQ(figures.nics[1].sent.packets, 1000u);
    ASSERT_EQ(figures.disks.size(), 2u);
    EXPECT_EQ(figures.disks[0].written.requests, 1000u);
    EXPECT_EQ(figures.disks[1].read.requests, 0u) << "of an empty drive";
}

TEST_F(FiguresTest, OfDisksTellHowLongRequestsTookWhereADeviceModelServesThem) {
    auto definition = guest_named("one");
    definition.disks = {{.target = {.index = 0}, .source = domain::Disk::Source::file, .path = "/a"},
                        {.target = {.index = 1},
                         .source = domain::Disk::Source::file,
                         .path = "/b",
                         .backend = domain::Disk::Backend::qemu}};
    const auto domid = world.machine.create(definition).value();
    world.loop.run_for(seconds(1));
    const auto figures = measure({.disks = true, .of = {domid}}).at(0);
    EXPECT_FALSE(figures.disks[0].read.time);
    EXPECT_GT(figures.disks[1].read.time, nanoseconds::zero());
}

TEST_F(FiguresTest, OfAPinnedVcpuSayWhereItMayRun) {
    const auto domid = run("one");
    ASSERT_TRUE(world.machine.pin_vcpu(domid, 1, domain::CpuSet::parse("1,7").value()));
    const auto figures = measure({.vcpus = true, .of = {domid}}).at(0);
    EXPECT_EQ(figures.vcpus[0].may_run_on.format(), "0-1");
    EXPECT_EQ(figures.vcpus[1].may_run_on.format(), "1");
    EXPECT_FALSE(world.machine.pin_vcpu(domid, 3, domain::CpuSet::first(1)));
    EXPECT_FALSE(world.machine.pin_vcpu(domid, 0, domain::CpuSet::parse("2").value()));
}

TEST_F(FiguresTest, GoWrongWhereTheFaultPlanSaysSo) {
    world.simulated.faults().inject(OperationKind::measure, {.fails = Reason::operation_failed});
    EXPECT_FALSE(world.end_of(world.simulated.measure({})));
}

}  // namespace
}  // namespace virtlight::simulated
