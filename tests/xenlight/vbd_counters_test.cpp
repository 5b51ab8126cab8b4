// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vbd_counters.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::DiskFigures;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class VbdCounters : public testing::Test {
 protected:
    void put(const std::string& file, const std::string& content) const {
        const auto path = folder.path() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << content;
    }

    test::TemporaryFolder folder;
};

TEST_F(VbdCounters, CountSectorsOf512Bytes) {
    const std::string xvda = "vbd-7-51712/statistics/";
    for (const auto& [file, count] :
         {std::pair{"rd_req", "10"}, {"rd_sect", "80"}, {"wr_req", "3"}, {"wr_sect", "8"}, {"f_req", "2"}})
        put(xvda + file, std::string(count) + "\n");
    put("vbd-7-51744/statistics/rd_req", "1\n");
    put("vbd-7-1/statistics/rd_req", "1\n");
    put("vbd-8-51712/mode", "w\n");
    put("vif-7-0/statistics/rd_req", "1\n");
    put("vbd-7/statistics/rd_req", "1\n");
    EXPECT_THAT(read_vbd_counters(folder.path()),
                ElementsAre(Pair(7, ElementsAre(DiskFigures{{.index = 0}, {10, 40960}, {3, 4096}, 2},
                                                DiskFigures{{.index = 2}, {1, 0}}))));
}

TEST_F(VbdCounters, AreNoneWhereThereAreNoBackends) {
    EXPECT_THAT(read_vbd_counters(folder.path() / "none"), IsEmpty());
}

}  // namespace
}  // namespace virtlight::xenlight
