// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/disk_resize.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"
#include "xenlight/device_model.hpp"

namespace virtlight::xenlight {
namespace {

using domain::Disk;
using test::DeviceModel;
using test::yes;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto served = R"({"return": [{"node-name": "xvdb-qcow2", "stats": {}}]})";
constexpr auto emulated =
    R"({"return": [{"device": "ide0-hd1", "stats": {}}, {"node-name": "xvdb-qcow2", "stats": {}}]})";

class DiskResize : public testing::Test {
 protected:
    std::filesystem::path socket() const { return folder.path() / "qmp-libxenstat-7"; }
    Result<> resize() const { return resize_by_model(7, disk, 1024, folder.path()); }

    test::TemporaryFolder folder;
    const Disk disk{.target = {.index = 1}, .source = Disk::Source::file, .path = folder.path() / "image"};
};

TEST_F(DiskResize, IsDoneByTheDeviceModelThatServesTheDisk) {
    std::vector<std::string> commands;
    {
        const DeviceModel model(socket(), {yes, served, yes});
        EXPECT_TRUE(resize());
        commands = model.commands;
    }
    EXPECT_THAT(commands, ElementsAre(HasSubstr("qmp_capabilities"), HasSubstr("query-blockstats"),
                                      HasSubstr(R"("arguments":{"node-name":"xvdb-qcow2","size":1024})")));
}

TEST_F(DiskResize, IsRefusedOfADriveThatIsEmulatedStill) {
    const DeviceModel model(socket(), {yes, emulated});
    EXPECT_EQ(resize().error().reason, Reason::unsupported_operation);
}

TEST_F(DiskResize, FailsWithWhatTheDeviceModelHasAgainstIt) {
    EXPECT_THAT(resize().error().message, HasSubstr("cannot be reached"));
    {
        const DeviceModel model(socket(), {yes, R"({"return": []})"});
        EXPECT_THAT(resize().error().message, HasSubstr("does not know it"));
    }
    std::filesystem::remove(socket());
    const DeviceModel model(socket(), {yes, served, R"({"error": {"desc": "snapshots"}})"});
    EXPECT_EQ(resize().error().message, "its device model refuses 'block_resize': snapshots");
}

TEST_F(DiskResize, OfAFileThatTheKernelServesIsOfTheFileAndItsLoopDevice) {
    std::ofstream(disk.path) << "data";
    const auto refused = resize_by_kernel(disk, 1024, "/dev/null");
    EXPECT_EQ(std::filesystem::file_size(disk.path), 1024u);
    ASSERT_FALSE(refused) << "that is no loop device";
    EXPECT_THAT(refused.error().message, HasSubstr("loop device /dev/null does not take them"));
    EXPECT_FALSE(resize_by_kernel({.source = Disk::Source::file, .path = "/nowhere"}, 1024, "/dev/null"));
    EXPECT_TRUE(resize_by_kernel({.source = Disk::Source::block, .path = "/nowhere"}, 1024, ""))
        << "a block device has its bytes already";
}

}  // namespace
}  // namespace virtlight::xenlight
