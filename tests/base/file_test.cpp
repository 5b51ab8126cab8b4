// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/temporary_folder.hpp"

namespace virtlight {
namespace {

using test::TemporaryFolder;

TEST(WriteFile, ReplacesTheContentAndLeavesNothingElseBehind) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "a.xml";
    ASSERT_TRUE(write_file(path, "one"));
    ASSERT_TRUE(write_file(path, "two"));
    EXPECT_EQ(read_file(path, 100), "two");
    EXPECT_EQ(folder.names(), (std::set<std::string>{"a.xml"}));
}

TEST(WriteFile, GivesTheAskedPermissions) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file(folder.path() / "secret", "x", 0600));
    struct stat info = {};
    ASSERT_EQ(::stat((folder.path() / "secret").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(WriteFile, KeepsTheOldFileWhenTheNewOneCannotBeWritten) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "a.xml";
    ASSERT_TRUE(write_file(path, "old"));
    ASSERT_TRUE(make_folder(folder.path() / "a.xml.new"));  // stands where the temporary file would
    const auto written = write_file(path, "new");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().reason, Reason::io);
    EXPECT_EQ(read_file(path, 100), "old");
}

TEST(WriteFile, NamesTheFileAndTheCauseInItsError) {
    const auto written = write_file("/nowhere/at/all", "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message, "cannot create '/nowhere/at/all.new': No such file or directory");
}

TEST(ReadFile, RefusesAFileOverTheLimit) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "big";
    ASSERT_TRUE(write_file(path, std::string(101, 'x')));
    EXPECT_TRUE(read_file(path, 101));
    const auto content = read_file(path, 100);
    ASSERT_FALSE(content);
    EXPECT_EQ(content.error().reason, Reason::too_many);
}

TEST(ReadUpTo, StopsAtTheEndOfTheFile) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "a";
    ASSERT_TRUE(write_file(path, "abcde"));
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(read_up_to(file.get(), 3, path), "abc");
    EXPECT_EQ(read_up_to(file.get(), 3, path), "de");
    EXPECT_EQ(read_up_to(file.get(), 3, path), "");
}

TEST(RemoveFile, IsContentWhenThereIsNone) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file(folder.path() / "a", "x"));
    EXPECT_TRUE(remove_file(folder.path() / "a"));
    EXPECT_TRUE(remove_file(folder.path() / "a"));
    EXPECT_TRUE(folder.names().empty());
}

TEST(MakeFolder, MakesTheOnesAboveAndIsContentWhenItStands) {
    const TemporaryFolder folder;
    const auto deep = folder.path() / "a" / "b" / "c";
    EXPECT_TRUE(make_folder(deep));
    EXPECT_TRUE(make_folder(deep));
    EXPECT_TRUE(std::filesystem::is_directory(deep));
}

TEST(MakeFolder, RefusesWhereAFileStands) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file(folder.path() / "a", "x"));
    EXPECT_FALSE(make_folder(folder.path() / "a"));
    EXPECT_FALSE(make_folder(folder.path() / "a" / "b"));
}

TEST(Fd, IsClosedOnceWhenItsOwnerGoes) {
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    const int number = pipe->first.get();
    Fd moved = std::move(pipe->first);
    EXPECT_FALSE(pipe->first);
    moved.reset();
    struct stat info = {};
    EXPECT_NE(::fstat(number, &info), 0);
}

}  // namespace
}  // namespace virtlight
