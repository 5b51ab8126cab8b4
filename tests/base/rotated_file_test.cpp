// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/rotated_file.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/file.hpp"
#include "base/temporary_folder.hpp"

namespace virtlight {
namespace {

class RotatedFile : public testing::Test {
 protected:
    std::string content(const std::string& name) const {
        return read_file(folder.path() / name, 10'000).value_or("(none)");
    }

    const virtlight::test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "log";
};

TEST_F(RotatedFile, GrowsUpToItsLimit) {
    const Rotation rotation{.bytes = 10, .old_files = 2};
    ASSERT_TRUE(append_rotated(path, "12345", rotation));
    ASSERT_TRUE(append_rotated(path, "67890", rotation));
    EXPECT_EQ(content("log"), "1234567890");
    EXPECT_EQ(folder.names().size(), 1u);
}

TEST_F(RotatedFile, MakesWayAndKeepsSoManyOldOnes) {
    const Rotation rotation{.bytes = 10, .old_files = 2};
    for (const auto* const text : {"first...", "second..", "third...", "fourth.."})
        ASSERT_TRUE(append_rotated(path, text, rotation));
    EXPECT_EQ(content("log"), "fourth..");
    EXPECT_EQ(content("log.1"), "third...");
    EXPECT_EQ(content("log.2"), "second..");
    EXPECT_EQ(folder.names(), (std::set<std::string>{"log", "log.1", "log.2"}));
}

TEST_F(RotatedFile, StartsAnewWhenNoOldOnesAreKept) {
    const Rotation rotation{.bytes = 10, .old_files = 0};
    ASSERT_TRUE(append_rotated(path, "first...", rotation));
    ASSERT_TRUE(append_rotated(path, "second..", rotation));
    EXPECT_EQ(content("log"), "second..");
    EXPECT_EQ(folder.names(), (std::set<std::string>{"log"}));
}

TEST_F(RotatedFile, TakesATextThatIsLongerThanTheLimitWhole) {
    const Rotation rotation{.bytes = 4, .old_files = 1};
    ASSERT_TRUE(append_rotated(path, "a long line", rotation));
    EXPECT_EQ(content("log"), "a long line");
    EXPECT_EQ(folder.names().size(), 1u);
}

TEST_F(RotatedFile, IsMadeAgainWhenSomebodyMovedIt) {
    ASSERT_TRUE(append_rotated(path, "one", {}));
    std::filesystem::rename(path, folder.path() / "moved");
    ASSERT_TRUE(append_rotated(path, "two", {}));
    EXPECT_EQ(content("moved"), "one");
    EXPECT_EQ(content("log"), "two");
}

/// For as long as it stands, files of this process cannot grow over `bytes`: writing fails as on a full disk,
/// after a part.
class FullDisk {
 public:
    explicit FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit full{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &full);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

 private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(RotatedFile, IsAsItWasAfterATextThatTheDiskTookOnlyAPartOf) {
    ASSERT_TRUE(append_rotated(path, "12345", {}));
    {
        const FullDisk disk(8);
        const auto written = append_rotated(path, "67890", {});
        ASSERT_FALSE(written);
        EXPECT_EQ(written.error().message, "cannot write '" + path.string() + "': File too large");
    }
    EXPECT_EQ(content("log"), "12345");
    ASSERT_TRUE(append_rotated(path, "67890", {}));
    EXPECT_EQ(content("log"), "1234567890");
}

TEST_F(RotatedFile, IsNotWrittenThroughALink) {
    ASSERT_TRUE(write_file(folder.path() / "precious", "x"));
    std::filesystem::create_symlink(folder.path() / "precious", path);
    EXPECT_FALSE(append_rotated(path, "y", {}));
    EXPECT_EQ(content("precious"), "x");
}

}  // namespace
}  // namespace virtlight
