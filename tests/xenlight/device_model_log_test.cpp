// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/device_model_log.hpp"

#include <chrono>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class DeviceModelLog : public testing::Test {
 protected:
    void write(const std::string& text) const { std::ofstream(folder.path() / "qemu-dm-web.log") << text; }
    auto lines() const { return device_model_lines("web", began, folder.path()); }

    test::TemporaryFolder folder;
    std::filesystem::file_time_type began =
        std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1);
};

TEST_F(DeviceModelLog, TellsWhatTheDeviceModelHasWritten) {
    write("no DES\n\nend\n");
    EXPECT_THAT(lines(), ElementsAre("device model: no DES", "device model: end"));
}

TEST_F(DeviceModelLog, TellsTextAlone) {
    write("\x1b[2Jno \xff\n");
    EXPECT_THAT(lines(), ElementsAre("device model: \\x1b[2Jno \\xff"));
}

TEST_F(DeviceModelLog, TellsTheLastLinesOfMany) {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += "line " + std::to_string(i) + "\n";
    write(text);
    EXPECT_THAT(lines(), SizeIs(4));
    EXPECT_EQ(lines().back(), "device model: line 999");
}

TEST_F(DeviceModelLog, TellsNothingOfAnEarlierDeviceModelOrOfNone) {
    EXPECT_THAT(lines(), IsEmpty());
    write("old\n");
    began += std::chrono::minutes(2);
    EXPECT_THAT(lines(), IsEmpty());
}

}  // namespace
}  // namespace virtlight::xenlight
