// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/disk_size.hpp"

#include <bit>
#include <cstring>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using domain::Disk;
using testing::HasSubstr;

constexpr std::uint64_t image_bytes = 8192;
constexpr std::uint64_t disk_bytes = 0x0000'0001'0203'0400;

class DiskSizeTest : public testing::Test {
 protected:
    /// A file of image_bytes that has nothing but these words, at these places.
    Disk disk(Disk::Format format, std::string_view magic, std::size_t magic_at, std::size_t size_at,
              std::endian order) const {
        std::string bytes(image_bytes, '\0');
        bytes.replace(magic_at, magic.size(), magic);
        for (std::size_t i = 0; i < 8; ++i)
            bytes[size_at + i] = static_cast<char>(disk_bytes >> 8 * (order == std::endian::big ? 7 - i : i));
        const auto path = folder.path() / "image";
        std::ofstream(path, std::ios::binary) << bytes;
        return {.source = Disk::Source::file, .path = path, .format = format};
    }

    test::TemporaryFolder folder;
};

TEST_F(DiskSizeTest, OfARawFileIsThatOfTheFileAndWhatItTakes) {
    const auto path = folder.path() / "sparse";
    std::ofstream(path) << "something";
    std::filesystem::resize_file(path, 1 << 20);
    const auto size = disk_size({.source = Disk::Source::file, .path = path});
    ASSERT_TRUE(size);
    EXPECT_EQ(size->capacity, 1u << 20);
    EXPECT_EQ(size->physical, 1u << 20);
    EXPECT_LT(size->allocation, 1u << 20);
    EXPECT_GT(size->allocation, 0u);
}

TEST_F(DiskSizeTest, OfAFileGrowsAndNeverShrinks) {
    const auto path = folder.path() / "grows";
    std::ofstream(path) << "something";
    EXPECT_TRUE(grow_file(path, 4096));
    EXPECT_TRUE(grow_file(path, 100));
    EXPECT_EQ(std::filesystem::file_size(path), 4096u);
    EXPECT_EQ(grow_file(folder.path() / "none", 100).error().reason, Reason::io);
    EXPECT_EQ(grow_file("/dev/null", 100).error().reason, Reason::unsupported_operation);
}

TEST_F(DiskSizeTest, OfAnImageIsWhatItsHeaderSays) {
    constexpr auto footer = image_bytes - 512;
    const auto capacity = [](const Disk& image) {
        const auto size = disk_size(image);
        EXPECT_TRUE(size) << size.error().message;
        EXPECT_EQ(size->physical, image_bytes);
        return size->capacity;
    };
    using enum Disk::Format;
    EXPECT_EQ(capacity(disk(qcow2, "QFI\xfb", 0, 24, std::endian::big)), disk_bytes);
    EXPECT_EQ(capacity(disk(qcow, "QFI\xfb", 0, 24, std::endian::big)), disk_bytes);
    EXPECT_EQ(capacity(disk(qed, std::string_view("QED\0", 4), 0, 48, std::endian::little)), disk_bytes);
    EXPECT_EQ(capacity(disk(vhd, "conectix", footer, footer + 48, std::endian::big)), disk_bytes);
}

TEST_F(DiskSizeTest, OfAnImageInAnotherFormatIsRefused) {
    const auto wrong = disk(Disk::Format::vhd, "QFI\xfb", 0, 24, std::endian::big);
    const auto refused = disk_size(wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr(wrong.path));
    std::filesystem::resize_file(wrong.path, 100);
    EXPECT_EQ(disk_size(wrong).error().reason, Reason::invalid_argument);
}

TEST_F(DiskSizeTest, IsNotKnownWhereThereIsNothingOrAnotherDomainHasIt) {
    EXPECT_THAT(disk_size({.device = Disk::Device::cdrom}).error().message, HasSubstr("empty drive"));
    Disk disk{.source = Disk::Source::file, .path = "/not/there"};
    EXPECT_EQ(disk_size(disk).error().reason, Reason::io);
    disk.backend_domain = "storage";
    EXPECT_THAT(disk_size(disk).error().message, HasSubstr("'storage'"));
}

}  // namespace
}  // namespace virtlight::hypervisor
