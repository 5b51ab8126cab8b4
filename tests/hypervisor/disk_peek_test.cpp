// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_peek.hpp"

#include <fstream>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;
using testing::HasSubstr;

class DiskPeek : public testing::Test {
 protected:
    DiskPeek() { std::ofstream(disk.path) << "0123456789"; }
    Error refusal(const Disk& of, std::uint64_t offset = 0, std::size_t bytes = 1) {
        const auto peeked = peek_disk(of, offset, bytes);
        return peeked ? Error{Reason::internal, "it was read"} : peeked.error();
    }

    test::TemporaryFolder folder;
    Disk disk{.source = Disk::Source::file, .path = folder.path() / "disk.img"};
};

TEST_F(DiskPeek, GivesTheBytesThatAreMeantAndNoOthers) {
    EXPECT_EQ(peek_disk(disk, 0, 10).value(), "0123456789");
    EXPECT_EQ(peek_disk(disk, 3, 2).value(), "34");
    EXPECT_EQ(peek_disk(disk, 10, 0).value(), "");
    EXPECT_EQ(refusal(disk, 9, 2).reason, Reason::invalid_argument);
    EXPECT_EQ(refusal(disk, std::numeric_limits<std::uint64_t>::max(), 2).reason, Reason::invalid_argument);
}

TEST_F(DiskPeek, RefusesWhatIsNotToBeReadHere) {
    EXPECT_THAT(refusal({}).message, HasSubstr("empty drive"));
    auto other = disk;
    other.backend_domain = "storage";
    EXPECT_EQ(refusal(other).reason, Reason::unsupported_operation);
    other = disk;
    other.format = Disk::Format::qcow2;
    EXPECT_THAT(refusal(other).message, HasSubstr("not raw"));
    other = disk;
    other.path = "/dev/null";
    EXPECT_THAT(refusal(other).message, HasSubstr("neither a file nor a block device"));
    other.path = folder.path() / "none";
    EXPECT_EQ(refusal(other).reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::hypervisor
