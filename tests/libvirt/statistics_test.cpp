// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/calls.hpp"
#include "libvirt/conversation.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/statistics_params.hpp"

namespace virtlight::libvirt {
namespace {

using hypervisor::DomainFigures;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Params = std::map<std::string, TypedParam::Value>;

Params by_name(const std::vector<TypedParam>& params) {
    Params all;
    for (const auto& param : params)
        EXPECT_TRUE(all.emplace(param.field, param.value).second) << param.field << " is there twice";
    return all;
}

const DomainFigures figures{
    .seen = {.memory_kib = 1000, .cpu_time = seconds(6)},
    .vcpus = {{.online = true,
               .running = true,
               .cpu = 1,
               .time = seconds(4),
               .may_run_on = domain::CpuSet::first(2)},
              {.online = true,
               .blocked = true,
               .cpu = 3,
               .time = seconds(2),
               .may_run_on = domain::CpuSet::first(9)},
              {}},
    .nics = {{"vif1.0", 0, {1, 2, 3, 4}, {5, 6, 7, 8}}},
    .disks = {{{.index = 0}, {10, 4096}, {20, 8192}, 1}, {{.index = 1}, {1, 512}, {2, 1024}, 3}},
};

manager::DomainInfo running_info() {
    return {.name = "web",
            .domid = 1,
            .status = domain::RunningReason::booted,
            .memory_max_kib = 2000,
            .vcpus = 2,
            .vcpus_max = 3};
}

const std::vector<manager::DiskOfDomain> disks{
    {.target = *domain::parse_disk_name("xvda"),
     .path = "/images/a",
     .size = hypervisor::DiskSize{.capacity = 300, .allocation = 100, .physical = 200}},
    {.target = *domain::parse_disk_name("xvdb"), .path = "/dead/b"}};

TEST(StatisticsParams, HaveLibvirtsNamesAndTypes) {
    EXPECT_EQ(by_name(statistics_params(running_info(), &figures, disks, stats::all)),
              (Params{{"state.state", 1},
                      {"state.reason", 1},
                      {"cpu.time", std::uint64_t{6'000'000'000}},
                      {"balloon.current", std::uint64_t{1000}},
                      {"balloon.maximum", std::uint64_t{2000}},
                      {"vcpu.current", 2U},
                      {"vcpu.maximum", 3U},
                      {"vcpu.0.state", 1},
                      {"vcpu.0.time", std::uint64_t{4'000'000'000}},
                      {"vcpu.0.halted", false},
                      {"vcpu.1.state", 2},
                      {"vcpu.1.time", std::uint64_t{2'000'000'000}},
                      {"vcpu.1.halted", true},
                      {"vcpu.2.state", 0},
                      {"vcpu.2.time", std::uint64_t{0}},
                      {"net.count", 1U},
                      {"net.0.name", "vif1.0"},
                      {"net.0.rx.bytes", std::uint64_t{1}},
                      {"net.0.rx.pkts", std::uint64_t{2}},
                      {"net.0.rx.errs", std::uint64_t{3}},
                      {"net.0.rx.drop", std::uint64_t{4}},
                      {"net.0.tx.bytes", std::uint64_t{5}},
                      {"net.0.tx.pkts", std::uint64_t{6}},
                      {"net.0.tx.errs", std::uint64_t{7}},
                      {"net.0.tx.drop", std::uint64_t{8}},
                      {"block.count", 2U},
                      {"block.0.name", "xvda"},
                      {"block.0.path", "/images/a"},
                      {"block.0.allocation", std::uint64_t{100}},
                      {"block.0.capacity", std::uint64_t{300}},
                      {"block.0.physical", std::uint64_t{200}},
                      {"block.0.rd.reqs", std::uint64_t{10}},
                      {"block.0.rd.bytes", std::uint64_t{4096}},
                      {"block.0.wr.reqs", std::uint64_t{20}},
                      {"block.0.wr.bytes", std::uint64_t{8192}},
                      {"block.0.fl.reqs", std::uint64_t{1}},
                      {"block.1.name", "xvdb"},
                      {"block.1.path", "/dead/b"},
                      {"block.1.rd.reqs", std::uint64_t{1}},
                      {"block.1.rd.bytes", std::uint64_t{512}},
                      {"block.1.wr.reqs", std::uint64_t{2}},
                      {"block.1.wr.bytes", std::uint64_t{1024}},
                      {"block.1.fl.reqs", std::uint64_t{3}}}));
}

TEST(StatisticsParams, AreUtf8WhateverAnotherToolHasCalledAFile) {
    const std::vector<manager::DiskOfDomain> odd{{.path = "/images/\xe9"}};
    EXPECT_EQ(by_name(statistics_params({}, nullptr, odd, stats::block)).at("block.0.path"),
              TypedParam::Value(std::string("/images/\ufffd")));
}

TEST(StatisticsParams, OfADomainThatDoesNotRunAreWhatIsKnownOfIt) {
    const manager::DomainInfo info{.memory_kib = 1500, .memory_max_kib = 2000, .vcpus = 1, .vcpus_max = 3};
    EXPECT_EQ(by_name(statistics_params(info, nullptr, disks, stats::all)),
              (Params{{"state.state", 5},
                      {"state.reason", 0},
                      {"balloon.current", std::uint64_t{1500}},
                      {"balloon.maximum", std::uint64_t{2000}},
                      {"vcpu.current", 1U},
                      {"vcpu.maximum", 3U},
                      {"block.count", 2U},
                      {"block.0.name", "xvda"},
                      {"block.0.path", "/images/a"},
                      {"block.0.allocation", std::uint64_t{100}},
                      {"block.0.capacity", std::uint64_t{300}},
                      {"block.0.physical", std::uint64_t{200}},
                      {"block.1.name", "xvdb"},
                      {"block.1.path", "/dead/b"}}));
}

TEST(StatisticsParams, HaveTheDisksOfAGuestThatRunsWhetherSomebodyCountsThemOrNot) {
    const DomainFigures counted{
        .disks = {{.target = {.index = 7}, .read = {7, 70}}, {.target = {.index = 1}, .read = {1, 10}}}};
    EXPECT_EQ(by_name(statistics_params(running_info(), &counted, disks, stats::block)),
              (Params{{"block.count", 3U},
                      {"block.0.name", "xvda"},
                      {"block.0.path", "/images/a"},
                      {"block.0.allocation", std::uint64_t{100}},
                      {"block.0.capacity", std::uint64_t{300}},
                      {"block.0.physical", std::uint64_t{200}},
                      {"block.1.name", "xvdb"},
                      {"block.1.path", "/dead/b"},
                      {"block.1.rd.reqs", std::uint64_t{1}},
                      {"block.1.rd.bytes", std::uint64_t{10}},
                      {"block.1.wr.reqs", std::uint64_t{0}},
                      {"block.1.wr.bytes", std::uint64_t{0}},
                      {"block.1.fl.reqs", std::uint64_t{0}},
                      {"block.2.name", "xvdh"},
                      {"block.2.rd.reqs", std::uint64_t{7}},
                      {"block.2.rd.bytes", std::uint64_t{70}},
                      {"block.2.wr.reqs", std::uint64_t{0}},
                      {"block.2.wr.bytes", std::uint64_t{0}},
                      {"block.2.fl.reqs", std::uint64_t{0}}}))
        << "another tool has attached the last";
}

TEST(StatisticsParams, TellHowLongRequestsOfADiskTookWhereThatIsCounted) {
    const DomainFigures counted{.disks = {{.read = {.time = nanoseconds(5)},
                                           .written = {.time = nanoseconds(6)},
                                           .flush_time = nanoseconds(7)}}};
    const auto params = by_name(statistics_params(running_info(), &counted, disks, stats::block));
    EXPECT_EQ(params.at("block.0.rd.times"), TypedParam::Value(std::uint64_t{5}));
    EXPECT_EQ(params.at("block.0.wr.times"), TypedParam::Value(std::uint64_t{6}));
    EXPECT_EQ(params.at("block.0.fl.times"), TypedParam::Value(std::uint64_t{7}));
}

TEST(StatisticsParams, HaveADiskOnceThatIsCountedAsAnEmulatedDrive) {
    const DomainFigures counted{.disks = {{.target = {.index = 1, .bus = domain::DiskBus::ide}}}};
    const auto params = by_name(statistics_params(running_info(), &counted, disks, stats::block));
    EXPECT_EQ(params.at("block.count"), TypedParam::Value(2U));
    EXPECT_EQ(params.at("block.1.name"), TypedParam::Value("xvdb"));
    EXPECT_TRUE(params.contains("block.1.rd.reqs"));
    EXPECT_FALSE(params.contains("block.0.rd.reqs"));
}

TEST(StatisticsParams, NeedNoMeasuringForTheStateAlone) {
    EXPECT_FALSE(figures_for(stats::state));
    EXPECT_TRUE(figures_for(stats::cpu));
    EXPECT_TRUE(figures_for(stats::vcpu)->vcpus);
    EXPECT_FALSE(figures_for(stats::vcpu | stats::nic)->disks);
}

class StatisticsTest : public ConversationTest {
 protected:
    Domain define(const std::string& name) {
        return talk
            .call<Domain>(11, "<domain type='xen'><name>" + name +
                                  "</name><memory unit='MiB'>64</memory><vcpu current='2'>3</vcpu>"
                                  "<os><type>linux</type><kernel>/boot/guest</kernel></os></domain>")
            .value();
    }
    Domain running(const std::string& name) {
        const auto dom = define(name);
        EXPECT_TRUE(talk.call<void>(9, dom));
        talk.xen.figures[talk.xen.next_domid - 1] = figures;
        return *talk.call<Domain>(24, dom.uuid);
    }
    std::vector<std::string> names(const AllDomainStatsArgs& args) {
        std::vector<std::string> all;
        for (const auto& stats : talk.call<std::vector<DomainStats>>(344, args).value())
            all.push_back(stats.dom.name);
        return all;
    }
};

TEST_F(StatisticsTest, OfAllDomainsComeFromOneLookAtTheHypervisor) {
    define("off");
    for (const auto* name : {"a", "b", "c"})
        running(name);
    const auto all = talk.call<std::vector<DomainStats>>(344, AllDomainStatsArgs());
    ASSERT_TRUE(all);
    ASSERT_EQ(all->size(), 5u);  // with Domain-0
    EXPECT_EQ(by_name(all->at(1).params).at("net.0.name"), TypedParam::Value("vif1.0"));
    EXPECT_FALSE(by_name(all->at(4).params).contains("cpu.time"));
    EXPECT_EQ(talk.xen.count("measure"), 1u);
}

TEST_F(StatisticsTest, OfManyDomainsGiveWayToOtherWorkBetween) {
    const auto count = limits::stats_per_step + 10;
    for (std::size_t i = 0; i < count; ++i)
        define("domain-" + std::to_string(i));
    bool gave_way = false;
    talk.loop.post([&] { gave_way = talk.session().output().empty(); });
    EXPECT_EQ(names({.groups = stats::state}).size(), count + 1);  // with Domain-0
    EXPECT_TRUE(gave_way);
}

TEST_F(StatisticsTest, OfTheStateNeedNoLookAtAll) {
    running("a");
    EXPECT_THAT(names({.groups = stats::state}), ElementsAre("Domain-0", "a"));
    EXPECT_EQ(talk.xen.count("measure"), 0u);
}

TEST_F(StatisticsTest, AreOfTheDomainsThatPassTheFilters) {
    const auto a = running("a");
    const auto off = define("off");
    EXPECT_THAT(names({.flags = flag::list::inactive}), ElementsAre("off"));
    EXPECT_THAT(names({.flags = flag::list::active | flag::list::persistent}), ElementsAre("Domain-0", "a"));
    EXPECT_THAT(names({.domains = {off, a}, .flags = flag::stats_nowait}), ElementsAre("a", "off"));
    EXPECT_THAT(names({.domains = {{.name = "none", .uuid = Uuid::random()}}}), IsEmpty());
}

TEST_F(StatisticsTest, OfSomeDomainsMeasureNoOthers) {
    const auto a = running("a");
    running("b");
    const auto c = running("c");
    const auto off = define("off");
    const auto all = talk.call<std::vector<DomainStats>>(344, AllDomainStatsArgs{.domains = {c, off, a}});
    ASSERT_EQ(all.value().size(), 3u);
    EXPECT_TRUE(by_name(all->at(0).params).contains("cpu.time"));
    EXPECT_TRUE(by_name(all->at(1).params).contains("cpu.time"));
    EXPECT_THAT(talk.xen.measured, ElementsAre(1, 3));
    EXPECT_THAT(names({.domains = {off}}), ElementsAre("off"));
    EXPECT_EQ(talk.xen.count("measure"), 1u) << "it does not run";
}

TEST_F(StatisticsTest, OfUnknownTypesAreLeftOutOrRefused) {
    running("a");
    constexpr std::uint32_t perf = 1 << 6;
    const auto some =
        talk.call<std::vector<DomainStats>>(344, AllDomainStatsArgs{.groups = stats::state | perf});
    EXPECT_EQ(some.value().at(1).params.size(), 2u);
    const auto refused = refusal<std::vector<DomainStats>>(
        344, AllDomainStatsArgs{.groups = perf, .flags = flag::stats_enforce});
    EXPECT_EQ(refused.reason, Reason::unsupported_argument);
    EXPECT_THAT(refused.message, HasSubstr("0x40"));
}

TEST_F(StatisticsTest, DoNotWaitForAJob) {
    const auto dom = running("a");
    talk.xen.hold("pause");
    const auto paused = talk.manager->suspend(dom.uuid);
    EXPECT_TRUE(talk.call<std::vector<DomainStats>>(344, AllDomainStatsArgs()));
    talk.xen.release("pause");
}

TEST_F(StatisticsTest, WaitForThoseWhoServeDisksOnlyAsLongAsTheirClientAllows) {
    const auto dom = running("a");
    const auto patience = [&](AllDomainStatsArgs args) {
        EXPECT_TRUE(talk.call<std::vector<DomainStats>>(344, args));
        return talk.xen.patience;
    };
    EXPECT_EQ(patience({}), limits::qmp_patience);
    EXPECT_EQ(patience({.flags = flag::stats_nowait}), Duration());
    EXPECT_TRUE(talk.call<BlockStats>(64, DomainText{dom, "xvda"}));
    EXPECT_EQ(talk.xen.patience, limits::qmp_answer);
}

TEST_F(StatisticsTest, ThatTheHypervisorRefusesFailTheCall) {
    running("a");
    talk.xen.fail_next("measure", {Reason::timed_out, "libxl does not answer"});
    EXPECT_EQ(refusal<std::vector<DomainStats>>(344, AllDomainStatsArgs()).reason, Reason::timed_out);
}

TEST_F(StatisticsTest, OfProcessorsAreInTotalOrForEachVcpu) {
    const auto dom = running("a");
    const auto count = [&](std::uint32_t params, std::int32_t first, std::uint32_t cpus) {
        return talk.call<ParamsReply>(262, CpuStatsArgs{dom, params, first, cpus, flag::string_params})
            .value();
    };
    EXPECT_EQ(count(0, -1, 1).count, 1);
    EXPECT_EQ(count(0, 0, 1).count, 1);
    EXPECT_EQ(count(0, 0, 0).count, 3);
    talk.xen.truth.at(1).cpu_time = seconds(6);
    EXPECT_THAT(count(1, -1, 1).params, ElementsAre(TypedParam{"cpu_time", std::uint64_t{6'000'000'000}}));
    EXPECT_THAT(count(1, 1, 128).params, ElementsAre(TypedParam{"cpu_time", std::uint64_t{2'000'000'000}},
                                                     TypedParam{"cpu_time", std::uint64_t{0}}));
    EXPECT_EQ(count(1, 0, 1).params.size(), 1u);
    EXPECT_EQ(refusal<ParamsReply>(262, CpuStatsArgs{dom, 1, 3, 1}).message,
              "start_cpu is 3, and the domain has 3 vCPUs");
    EXPECT_EQ(refusal<ParamsReply>(262, CpuStatsArgs{define("off"), 1, 0, 1}).reason, Reason::invalid_state);
}

TEST_F(StatisticsTest, OfVcpusSayWhereTheyRunAndMayRun) {
    const auto dom = running("a");
    const auto reply = talk.call<VcpusReply>(20, GetVcpusArgs{dom, 2, 2}).value();
    EXPECT_THAT(reply.vcpus, ElementsAre(VcpuInfo{0, 1, 4'000'000'000, 1}, VcpuInfo{1, 2, 2'000'000'000, 3}));
    EXPECT_EQ(reply.maps, std::string("\x03\0\xff\x01", 4));
    EXPECT_EQ(talk.call<VcpusReply>(20, GetVcpusArgs{dom, 16, 0}).value().vcpus.at(2).cpu, -1);
    EXPECT_EQ(refusal<VcpusReply>(20, GetVcpusArgs{dom, 1, 1 << 20}).reason, Reason::invalid_argument);
}

TEST_F(StatisticsTest, OfAnInterfaceAreFoundByItsName) {
    const auto dom = running("a");
    EXPECT_EQ(talk.call<InterfaceStats>(65, DomainText{dom, "vif1.0"}).value(),
              (InterfaceStats{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(refusal<InterfaceStats>(65, DomainText{dom, "eth0"}).message,
              fmt::format("domain '{}' has no network interface 'eth0'", dom.name));
}

TEST_F(StatisticsTest, OfADiskAreFoundByItsTargetAndOfNoneAreTheSum) {
    const auto dom = running("a");
    EXPECT_EQ(talk.call<BlockStats>(64, DomainText{dom, "xvdb"}).value(), (BlockStats{1, 512, 2, 1024, -1}));
    EXPECT_EQ(talk.call<BlockStats>(64, DomainText{dom, ""}).value(), (BlockStats{11, 4608, 22, 9216, -1}));
    EXPECT_EQ(refusal<BlockStats>(64, DomainText{dom, "xvdz"}).message,
              fmt::format("invalid path 'xvdz': domain '{}' has no such disk", dom.name));
    EXPECT_EQ(talk.call<ParamsReply>(243, BlockStatsArgs{dom, "xvda", 0}).value(), (ParamsReply{.count = 5}));
    EXPECT_EQ(
        talk.call<ParamsReply>(243, BlockStatsArgs{dom, "xvda", 2}).value().params,
        (std::vector<TypedParam>{{"rd_operations", std::int64_t{10}}, {"rd_bytes", std::int64_t{4096}}}));
}

TEST_F(StatisticsTest, OfADiskAreHowLongItsRequestsTookWhereThatIsCounted) {
    const auto dom = running("a");
    auto& counted = talk.xen.figures[talk.xen.next_domid - 1].disks;
    counted[1].read.time = nanoseconds(5);
    counted[1].written.time = nanoseconds(6);
    counted[1].flush_time = nanoseconds(7);
    const auto told = [&](const std::string& disk) {
        return by_name(talk.call<ParamsReply>(243, BlockStatsArgs{dom, disk, 16}).value().params);
    };
    EXPECT_EQ(talk.call<ParamsReply>(243, BlockStatsArgs{dom, "xvdb", 0}).value().count, 8);
    EXPECT_EQ(told("xvdb").at("rd_total_times"), TypedParam::Value(std::int64_t{5}));
    EXPECT_EQ(told("xvdb").at("wr_total_times"), TypedParam::Value(std::int64_t{6}));
    EXPECT_EQ(told("xvdb").at("flush_total_times"), TypedParam::Value(std::int64_t{7}));
    EXPECT_FALSE(told("").contains("rd_total_times")) << "nobody counts those of the other disk";
    counted.erase(counted.begin());
    EXPECT_EQ(told("").at("rd_total_times"), TypedParam::Value(std::int64_t{5}));
}

TEST_F(StatisticsTest, OfADiskAreItsSizesWhetherTheGuestRunsOrNot) {
    const auto dom =
        talk.call<Domain>(11,
                          std::string("<domain type='xen'><name>sized</name><memory unit='MiB'>64</memory>"
                                      "<os><type>linux</type><kernel>/boot/guest</kernel></os>"
                                      "<devices><disk type='file' device='disk'><source file='/a'/>"
                                      "<target dev='xvda'/></disk></devices></domain>"))
            .value();
    talk.xen.disk_sizes["xvda"] = {.capacity = 3, .allocation = 1, .physical = 2};
    for (const auto* const path : {"xvda", "/a"})
        EXPECT_EQ(talk.call<BlockInfo>(194, BlockInfoArgs{dom, path}).value(), (BlockInfo{1, 3, 2})) << path;
    EXPECT_THAT(refusal<BlockInfo>(194, BlockInfoArgs{dom, "xvdb"}).message, HasSubstr("'xvdb'"));
    EXPECT_EQ(refusal<BlockInfo>(194, BlockInfoArgs{dom, ""}).reason, Reason::invalid_argument);
}

class HostStatistics : public StatisticsTest {
 protected:
    HostStatistics() {
        talk.xen.facts.numa = {{.id = 0, .memory_kib = 3 << 20}, {.id = 1, .memory_kib = 1 << 20}};
        talk.xen.host_figures = {
            .node_free_kib = {400, 800}, .cpu_idle = {{0, seconds(3)}, {2, seconds(4)}}, .up = seconds(10)};
    }
};

TEST_F(HostStatistics, OfAProcessorAreHowLongItWasBusyAndIdle) {
    EXPECT_EQ(talk.call<NodeStatsReply>(227, NodeStatsArgs{-1, 0}).value().count, 2);
    EXPECT_THAT(talk.call<NodeStatsReply>(227, NodeStatsArgs{-1, 2}).value().stats,
                ElementsAre(NodeStat{"user", 13'000'000'000}, NodeStat{"idle", 7'000'000'000}));
    EXPECT_THAT(talk.call<NodeStatsReply>(227, NodeStatsArgs{2, 2}).value().stats,
                ElementsAre(NodeStat{"user", 6'000'000'000}, NodeStat{"idle", 4'000'000'000}));
    for (const auto none : {1, 3, -2})
        EXPECT_THAT(refusal<NodeStatsReply>(227, NodeStatsArgs{none, 2}).message,
                    HasSubstr("there is no processor " + std::to_string(none) + " online"));
}

TEST_F(HostStatistics, OfNumaNodesAreTheirMemory) {
    using Sizes = std::vector<std::uint64_t>;
    EXPECT_EQ(talk.call<Sizes>(101, CellsArgs{0, 9}).value(), (Sizes{400 * 1024, 800 * 1024}));
    EXPECT_EQ(talk.call<Sizes>(101, CellsArgs{1, 1}).value(), (Sizes{800 * 1024}));
    EXPECT_EQ(refusal<Sizes>(101, CellsArgs{2, 1}).reason, Reason::invalid_argument);
    EXPECT_THAT(talk.call<NodeStatsReply>(228, NodeMemoryStatsArgs{2, 1}).value().stats,
                ElementsAre(NodeStat{"total", 1 << 20}, NodeStat{"free", 800}));
    EXPECT_EQ(talk.call<Sizes>(340, FreePagesArgs{{4}, 0, 2}).value(), (Sizes{100, 200}));
    EXPECT_THAT(refusal<Sizes>(340, FreePagesArgs{{4, 2048}, 0, 2}).message, HasSubstr("2048 KiB"));
}

TEST_F(HostStatistics, OfNumaNodesEndWellIfXenTellsOfFewerThanBefore) {
    using Sizes = std::vector<std::uint64_t>;
    talk.xen.host_figures.node_free_kib = {400};
    EXPECT_EQ(talk.call<Sizes>(101, CellsArgs{0, 2}).value(), (Sizes{400 * 1024}));
    EXPECT_EQ(talk.call<NodeStatsReply>(228, NodeMemoryStatsArgs{2, 1}).value().stats.at(1).value, 0u);
}

TEST_F(StatisticsTest, OfTheHostAreItsMemoryAndWhichProcessorsAreOnline) {
    EXPECT_EQ(talk.call<NodeStatsReply>(228, NodeMemoryStatsArgs{0, -1}).value().count, 2);
    EXPECT_THAT(talk.call<NodeStatsReply>(228, NodeMemoryStatsArgs{2, -1}).value().stats,
                ElementsAre(NodeStat{"total", 4 << 20}, NodeStat{"free", 1234}));
    EXPECT_EQ(refusal<NodeStatsReply>(228, NodeMemoryStatsArgs{2, 0}).reason, Reason::invalid_argument);
    EXPECT_EQ(talk.call<CpuMapReply>(293, CpuMapArgs{1, 1}).value(),
              (CpuMapReply{std::string("\x01", 1), 1, 1}));
}

TEST_F(StatisticsTest, OfTheHostHaveRoomForProcessorsWhoseNumbersHaveGaps) {
    talk.xen.facts.cpus = 3;
    talk.xen.facts.topology = {{.id = 0}, {.id = 4}, {.id = 9}};
    EXPECT_EQ(talk.call<CpuMapReply>(293, CpuMapArgs{1, 1}).value(),
              (CpuMapReply{std::string("\x11\x02", 2), 3, 10}));
    EXPECT_EQ(talk.call<CpuMapReply>(293, CpuMapArgs{0, 1}).value(), (CpuMapReply{"", 3, 10}));
    EXPECT_EQ(talk.call<NodeInfo>(6).value().cpus, 3);
}

}  // namespace
}  // namespace virtlight::libvirt
