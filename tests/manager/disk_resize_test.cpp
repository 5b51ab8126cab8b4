// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::Disk;
using ::testing::HasSubstr;

constexpr std::uint64_t mib_bytes = 1 << 20;

class DiskResize : public ::testing::Test, protected World {
 protected:
    /// A guest that runs with one disk of 16 MiB.
    domain::Definition with(Disk disk) {
        auto guest = guest_named("web");
        disk.target = {.index = 0};
        guest.disks = {std::move(disk)};
        xen.disk_sizes["xvda"] = {.capacity = 16 * mib_bytes, .physical = 16 * mib_bytes};
        return running(guest);
    }
    Result<> resize(const domain::Definition& guest, std::string disk, std::optional<std::uint64_t> bytes) {
        return end_of(manager->resize_disk(guest.uuid, std::move(disk), bytes));
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
        EXPECT_EQ(xen.count("resize_disk"), 0u);
    }
    std::uint64_t capacity() { return xen.disk_sizes["xvda"].capacity; }

    const Disk file{.source = Disk::Source::file, .path = "/srv/disk.img"};
    const Disk device{.source = Disk::Source::block, .path = "/dev/vg/lv"};
};

TEST_F(DiskResize, LetsADiskGrowInSectors) {
    const auto guest = with(file);
    EXPECT_TRUE(resize(guest, "xvda", 32 * mib_bytes));
    EXPECT_EQ(capacity(), 32 * mib_bytes);
    EXPECT_TRUE(resize(guest, "/srv/disk.img", 32 * mib_bytes + 1));
    EXPECT_EQ(capacity(), 32 * mib_bytes + 512);
}

TEST_F(DiskResize, NeverTakesFromAGuestWhatItHas) {
    const auto guest = with(file);
    expect_refused(
        resize(guest, "xvda", 16 * mib_bytes - 512), Reason::unsupported_operation,
        "cannot resize a disk of domain 'web': disk xvda: it has 16777216 bytes, and with 16776704");
    expect_refused(resize(guest, "xvda", 0), Reason::unsupported_operation, "can only grow");
}

TEST_F(DiskResize, OfABlockDeviceIsToAllThatItHas) {
    const auto guest = with(device);
    expect_refused(resize(guest, "xvda", 32 * mib_bytes), Reason::invalid_argument, "is to grow first");
    xen.disk_sizes["xvda"].physical = 32 * mib_bytes;
    EXPECT_TRUE(resize(guest, "xvda", std::nullopt));
    EXPECT_EQ(capacity(), 32 * mib_bytes);
}

TEST_F(DiskResize, IsForDisksThatCanBeWritten) {
    auto readonly = file;
    readonly.readonly = true;
    const auto guest = with(readonly);
    expect_refused(resize(guest, "xvda", 32 * mib_bytes), Reason::unsupported_operation, "read-only");
}

TEST_F(DiskResize, IsRefusedByNameWhereItMakesNoSense) {
    const auto guest = with(file);
    expect_refused(resize(guest, "xvda", std::nullopt), Reason::unsupported_operation, "no block device");
    expect_refused(resize(guest, "xvda", ~std::uint64_t{0}), Reason::invalid_argument, "too many");
    expect_refused(resize(guest, "xvdz", 32 * mib_bytes), Reason::invalid_argument, "'xvdz'");
    expect_refused(resize(guest, "", 32 * mib_bytes), Reason::invalid_argument, "''");
    ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    expect_refused(resize(guest, "xvda", 32 * mib_bytes), Reason::invalid_state, "not running");
}

TEST_F(DiskResize, FailsWithWhatTheHypervisorHasAgainstIt) {
    const auto guest = with(file);
    xen.fail_next("resize_disk", {Reason::unsupported_operation, "it is emulated"});
    const auto refused = resize(guest, "xvda", 32 * mib_bytes);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "cannot resize a disk of domain 'web': disk xvda: it is emulated");
    xen.fail_next("disk_size", {Reason::io, "cannot look at /srv/disk.img"});
    EXPECT_EQ(resize(guest, "xvda", 32 * mib_bytes).error().reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::manager
