// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/model_disks.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace virtlight::xenlight {
namespace {

using domain::DiskBus;
using domain::DiskName;
using hypervisor::DiskFigures;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<ModelDisk> read(std::string_view answer) {
    return read_model_disks(boost::json::parse(answer));
}

std::string said(std::string_view names, int reads = 1) {
    return fmt::format(R"([{{{},"stats":{{"rd_operations":{}}}}}])", names, reads);
}

DiskName target(std::string_view names) {
    const auto disks = read(said(names));
    EXPECT_EQ(disks.size(), 1u) << names;
    return disks.empty() ? DiskName{.partition = 99} : disks[0].figures.target;
}

TEST(ModelDisks, AreThoseOnXensBusByTheirTargets) {
    const auto disks = read(R"([{"device":"","node-name":"xvdb-qcow2","qdev":"/machine/xen-bus/child[0]",
        "stats":{"rd_bytes":4096,"rd_operations":2,"wr_bytes":512,"wr_operations":1,"flush_operations":3,
                 "idle_time_ns":5,"timed_stats":[]},"parent":{}}])");
    EXPECT_THAT(disks, ElementsAre(ModelDisk{.figures = {{.index = 1}, {2, 4096}, {1, 512}, 3},
                                             .node = "xvdb-qcow2"}));
}

TEST(ModelDisks, AreThoseThatAreEmulatedByTheirNames) {
    EXPECT_EQ(target(R"("device":"ide-5632")"), (DiskName{.index = 2, .bus = DiskBus::ide}));
    EXPECT_EQ(target(R"("device":"ide0-hd1","node-name":"#block137")"),
              (DiskName{.index = 1, .bus = DiskBus::ide}));
    EXPECT_EQ(target(R"("device":"ide1-hd0")"), (DiskName{.index = 2, .bus = DiskBus::ide}));
    EXPECT_EQ(target(R"("device":"ahcidisk-3")"), (DiskName{.index = 3, .bus = DiskBus::ide}));
    EXPECT_EQ(target(R"("device":"scsi0-hd1")"), (DiskName{.index = 1, .bus = DiskBus::scsi}));
    EXPECT_TRUE(read(said(R"("device":"ide0-hd0")"))[0].emulated);
}

TEST(ModelDisks, AreNothingElse) {
    for (const auto* const names : {R"("device":"floppy0")", R"("device":"ide-")", R"("device":"ide0-cd0")",
                                    R"("device":"ide9999-hd0")", R"("device":"scsi0-hd99")", R"("device":7)",
                                    R"("node-name":"xvda")", R"("node-name":"1-raw")", R"("other":0)"})
        EXPECT_THAT(read(said(names)), IsEmpty()) << names;
    for (const auto* const answer :
         {"{}", "7", "[7]", R"([{"device":"ide-768"}])", R"([{"device":"ide-768","stats":[]}])"})
        EXPECT_THAT(read(answer), IsEmpty()) << answer;
    EXPECT_EQ(read(said(R"("device":"ide-768")", -1))[0].figures.read.requests, 0u);
}

TEST(ModelDisks, TellHowLongTheirRequestsTook) {
    const auto disks = read(R"([{"node-name":"xvda-raw","stats":{"rd_total_time_ns":5,"wr_total_time_ns":6,
        "flush_total_time_ns":7}}])");
    ASSERT_EQ(disks.size(), 1u);
    EXPECT_EQ(disks[0].figures, (DiskFigures{.read = {.time = nanoseconds(5)},
                                             .written = {.time = nanoseconds(6)},
                                             .flush_time = nanoseconds(7)}));
    std::vector<DiskFigures> all;
    add_model_disks(disks, all);
    add_model_disks(disks, all);
    EXPECT_THAT(all, ElementsAre(DiskFigures{.read = {.time = nanoseconds(10)},
                                             .written = {.time = nanoseconds(12)},
                                             .flush_time = nanoseconds(14)}));
    std::vector<DiskFigures> by_the_kernel{{.read = {7, 70}}};
    add_model_disks(disks, by_the_kernel);
    EXPECT_THAT(by_the_kernel, ElementsAre(DiskFigures{.read = {7, 70}})) << "times of some are of none";
}

TEST(ModelDisks, AddUpWhatADiskDidAsAnEmulatedDriveAndOnXensBus) {
    auto both = read(said(R"("device":"ide0-hd0")", 5));
    both.push_back(read(said(R"("node-name":"xvda-raw")", 2))[0]);
    std::vector<DiskFigures> disks{{.target = {.index = 1}, .read = {7, 70}}};
    add_model_disks(both, disks);
    EXPECT_THAT(disks, ElementsAre(DiskFigures{.target = {.index = 0}, .read = {7, 0}},
                                   DiskFigures{.target = {.index = 1}, .read = {7, 70}}));
    add_model_disks(read(said(R"("device":"ide0-hd1")", 1)), disks);
    EXPECT_EQ(disks[1].read, (hypervisor::Transfers{8, 70})) << "the kernel serves it on Xen's bus";
}

}  // namespace
}  // namespace virtlight::xenlight
