// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "hypervisor/image_test.hpp"

namespace {

/// Called before a file or a folder is synced; false: that fails.
std::function<bool(bool folder)> before_sync = [](bool) { return true; };

/// What becomes of the bytes that were written.
bool disk_is_good = true;

}  // namespace

// Instead of libc's.
extern "C" int sync_file_range(int fd, off_t from, off_t size, unsigned flags) {
    if (disk_is_good || (flags & SYNC_FILE_RANGE_WAIT_AFTER) == 0)
        return static_cast<int>(::syscall(SYS_sync_file_range, fd, from, size, flags));
    errno = EIO;
    return -1;
}

extern "C" int fsync(int fd) {
    struct stat status{};
    ::fstat(fd, &status);
    if (before_sync(S_ISDIR(status.st_mode))) return 0;
    errno = EIO;
    return -1;
}

namespace virtlight::hypervisor {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class NoMoreDescriptors {
 public:
    NoMoreDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
    rlimit before_{};
};

class WrittenImage : public Image {
 protected:
    void TearDown() override {
        before_sync = [](bool) { return true; };
    }
};

TEST_F(WrittenImage, ThatIsNotCommittedIsRemovedAndWhatWasThereStays) {
    write_file("precious");
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer && writer->write("half"));
    }
    EXPECT_EQ(files(), 1);
    EXPECT_EQ(read_file(path, 100).value(), "precious");
}

TEST_F(WrittenImage, IsGoneIfItIsNotCertainThatItStays) {
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [](bool is_folder) { return !is_folder; };
    const auto committed = writer->commit();
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().message, HasSubstr("cannot sync folder"));
    EXPECT_EQ(files(), 0);
}

TEST_F(WrittenImage, ThatMayNotStayLeavesWhatWasThere) {
    write_file("precious");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [](bool is_folder) { return !is_folder; };
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(read_file(path, 100).value(), "precious");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, ThatIsGivenUpInItsLastMomentLeavesWhatWasThere) {
    write_file("precious");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [&](bool is_folder) {
        if (is_folder) {
            EXPECT_TRUE(writer->give_up());
        }
        return true;
    };
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(read_file(path, 100).value(), "precious");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, ThatStaysLeavesNothingOfWhatWasThere) {
    write_file("old");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    EXPECT_TRUE(writer->commit());
    EXPECT_TRUE(open_image(path));
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, MayHaveNoSecondWriterWhileItIsNotCertainThatItStays) {
    write_file("precious");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [&](bool is_folder) {
        if (!is_folder) return true;
        const auto second = ImageWriter::create(path, head());
        EXPECT_FALSE(second);
        EXPECT_EQ(second.error().reason, Reason::too_many);
        return false;
    };
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(read_file(path, 100).value(), "precious");
}

TEST_F(WrittenImage, WhoseChangeIsNoMoreWantedWhenItIsSyncedStaysAsItWas) {
    write_file(format_image_head(head()) + "the stream");
    std::atomic<bool> stop = false;
    before_sync = [&](bool) {
        stop = true;
        return true;
    };
    auto changed = head();
    changed.paused = false;
    const auto rewritten = rewrite_image(known(), changed, stop);
    ASSERT_FALSE(rewritten);
    EXPECT_EQ(rewritten.error().reason, Reason::cancelled);
    EXPECT_TRUE(open_image(path)->head.paused);
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, WhoseFolderCannotBeOpenedLeavesWhatWasThere) {
    write_file("precious");
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer);
        ASSERT_FALSE(sync_folder("/nowhere"));  // UBSan needs a descriptor for a type's first time
        const NoMoreDescriptors none;
        EXPECT_FALSE(writer->commit());
    }
    EXPECT_EQ(read_file(path, 100).value(), "precious");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, ThatGetsAnotherHeadIsKeptThoughItMayNotStay) {
    write_file(format_image_head(head()) + "the stream");
    auto changed = head();
    changed.definition.title = "changed";
    log::set_level(log::Level::error);
    before_sync = [](bool is_folder) { return !is_folder; };
    EXPECT_TRUE(rewrite_image(known(), changed));
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << "it is the only one";
    EXPECT_EQ(opened->head.definition.title, "changed");
    EXPECT_EQ(opened->stream_bytes, 10);
}

TEST_F(WrittenImage, ThatIsRemovedWhileItGetsAnotherHeadDoesNotComeBack) {
    write_file(format_image_head(head()) + "the stream");
    const auto image = known();
    before_sync = [this](bool) { return fs::remove(path) || true; };
    const auto changed = rewrite_image(image, head());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().reason, Reason::invalid_state);
    EXPECT_EQ(files(), 0);
}

TEST_F(WrittenImage, GetsAnotherHeadWhereALinkLeadsThatStaysOne) {
    write_file(format_image_head(head()) + "the stream");
    auto changed = head();
    changed.definition.title = "changed";
    const auto link = folder.path() / "link";
    fs::create_symlink(path, link);
    ASSERT_TRUE(rewrite_image({link, known().head}, changed));
    EXPECT_TRUE(fs::is_symlink(link));
    EXPECT_EQ(open_image(path)->head.definition.title, "changed");
    EXPECT_EQ(files(), 2);
}

TEST_F(WrittenImage, KeepsItsHeadIfGivingItAnotherIsStopped) {
    write_file(format_image_head(head()) + "the stream");
    auto changed = head();
    changed.definition.title = "changed";
    const auto stopped = rewrite_image(known(), changed, true);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().reason, Reason::cancelled);
    EXPECT_EQ(open_image(path)->head.definition.title, "");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, ThatHasReplacedAnotherDoesNotGetTheHeadThatIsMeantForThat) {
    write_file(format_image_head(head()) + "the stream");
    const auto image = known();
    write_file(format_image_head(head()) + "its stream");
    const auto there = known();
    const auto changed = rewrite_image(image, head());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().reason, Reason::invalid_state);
    EXPECT_EQ(stream_of(there), "its stream");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, DoesNotTakeTheNameOfAnotherOneWhileItIsWritten) {
    const fs::path other = path.string() + ".new";
    std::ofstream(other) << "precious";
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer && writer->commit());
    }
    EXPECT_EQ(read_file(other, 100).value(), "precious");
}

TEST_F(WrittenImage, DoesNotReplaceWhatSomebodyElseHasMadeWhileItWasWritten) {
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer);
        write_file("precious");
        const auto committed = writer->commit();
        ASSERT_FALSE(committed);
        EXPECT_EQ(committed.error().reason, Reason::invalid_state);
        EXPECT_THAT(committed.error().message, HasSubstr("made by somebody else meanwhile"));
    }
    EXPECT_EQ(read_file(path, 100).value(), "precious");
    EXPECT_EQ(files(), 1);
}

TEST_F(WrittenImage, GetsAnotherHeadAndKeepsItsStream) {
    auto changed = head();
    const std::string stream(limits::image_chunk + 12345, 's');
    {
        auto writer = ImageWriter::create(path, changed);
        ASSERT_TRUE(writer && writer->write(stream) && writer->commit());
    }
    changed.definition.description = std::string(10'000, 'd');
    changed.paused = false;
    ASSERT_TRUE(rewrite_image(known(), changed));
    const auto opened = open_image(path);
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->head.definition.description.size(), 10'000);
    EXPECT_FALSE(opened->head.paused);
    std::string kept(stream.size(), '\0');
    ASSERT_TRUE(read_from_image(*opened, kept));
    EXPECT_EQ(kept, stream);
    EXPECT_EQ(opened->stream_bytes, stream.size());
    EXPECT_EQ(files(), 1);
    EXPECT_FALSE(rewrite_image({.path = folder.path() / "nothing"}, changed));
}

/// Pages of the file that are in the page cache.
std::size_t cached_pages(const fs::path& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const auto size = fs::file_size(path);
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> in_core((size + page - 1) / page);
    void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    ::mincore(mapped, size, in_core.data());
    ::munmap(mapped, size);
    return static_cast<std::size_t>(
        std::ranges::count_if(in_core, [](auto byte) { return (byte & 1) != 0; }));
}

TEST_F(WrittenImage, IsNotLeftInThePageCacheIfItIsToBypassIt) {
    struct statfs disk{};
    ::statfs(folder.path().c_str(), &disk);
    if (disk.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a file in memory cannot leave it";
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    writer->bypass_cache();
    ASSERT_TRUE(writer->write(std::string(limits::image_cached + 4096, 'm')));
    EXPECT_LE(cached_pages(path.string() + std::string(unfinished_suffix)), 2U) << "long before its end";
    ASSERT_TRUE(writer->commit());
    EXPECT_EQ(cached_pages(path), 0U);
}

TEST_F(WrittenImage, IsWrittenByOneAtATime) {
    auto first = ImageWriter::create(path, head());
    ASSERT_TRUE(first);
    const auto second = ImageWriter::create(path, head());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another save"));
    EXPECT_TRUE(first->commit());
    EXPECT_TRUE(open_image(path)) << "the second has not touched it";
}

TEST_F(WrittenImage, TakesTheNameThatAKilledDaemonLeftBehind) {
    std::ofstream(path.string() + std::string(unfinished_suffix)) << std::string(100'000, 'x');
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer && writer->commit());
    EXPECT_EQ(open_image(path)->stream_bytes, 0);
}

TEST_F(WrittenImage, IsNotWrittenWhereSomebodyElseCanRead) {
    const auto temporary = path.string() + std::string(unfinished_suffix);
    const auto other = folder.path() / "other";
    const auto expect_private = [&] {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer) << writer.error().message;
        ASSERT_TRUE(writer->write("secret"));
        struct stat status{};
        ASSERT_EQ(::lstat(temporary.c_str(), &status), 0);
        EXPECT_TRUE(S_ISREG(status.st_mode));
        EXPECT_EQ(status.st_mode & 0777, 0600);
        EXPECT_EQ(status.st_uid, ::geteuid());
        EXPECT_EQ(status.st_nlink, 1);
        EXPECT_EQ(fs::file_size(other), 0) << "nothing goes to the other name";
    };
    std::ofstream(other.c_str()) << "";
    fs::create_hard_link(other, temporary);
    expect_private();
    fs::create_symlink(other, temporary);
    expect_private();
    ASSERT_EQ(::mkfifo(temporary.c_str(), 0666), 0);
    expect_private();
    std::ofstream(temporary) << "left by a daemon with another umask";
    ::chmod(temporary.c_str(), 0666);
    expect_private();
    std::ofstream(temporary) << "of another user";
    if (::chown(temporary.c_str(), 12345, 12345) == 0) expect_private();
}

TEST_F(WrittenImage, ThatIsReplacedWhileItIsWrittenDoesNotGetItsName) {
    const auto temporary = path.string() + std::string(unfinished_suffix);
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer);
        fs::remove(temporary);
        std::ofstream(temporary) << "another one";
        EXPECT_EQ(writer->commit().error().reason, Reason::invalid_state);
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_TRUE(fs::exists(temporary)) << "it is not ours to remove";
}

TEST_F(WrittenImage, GivesBackTheRoomThatItDoesNotNeed) {
    const auto blocks = [&](const fs::path& of) {
        struct stat status{};
        ::stat(of.c_str(), &status);
        return static_cast<std::size_t>(status.st_blocks) * 512;
    };
    constexpr std::size_t room = 4 * 1024 * 1024;
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer && writer->reserve(room));
    if (blocks(path.string() + std::string(unfinished_suffix)) < room)
        GTEST_SKIP() << "this file system takes no room";
    EXPECT_EQ(fs::file_size(path.string() + std::string(unfinished_suffix)),
              format_image_head(head()).size());
    ASSERT_TRUE(writer->write("the stream") && writer->commit());
    EXPECT_LT(blocks(path), room / 2);
    EXPECT_EQ(open_image(path)->stream_bytes, 10);
}

TEST_F(WrittenImage, ThatADiskLosesOnTheWayIsNotCommitted) {
    for (const bool bypasses : {false, true}) {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer);
        if (bypasses) writer->bypass_cache();
        disk_is_good = false;
        Result<> written;
        for (std::size_t size = 0; written && size <= limits::image_unwritten + limits::image_writeback;
             size += limits::image_chunk)
            written = writer->write(std::string(limits::image_chunk, 'm'));
        disk_is_good = true;
        ASSERT_FALSE(written) << "the sync would not tell it again";
        EXPECT_THAT(written.error().message, HasSubstr("cannot write"));
    }
}

TEST_F(WrittenImage, GoesNowhereButToAFile) {
    const auto why = [&](const fs::path& where) { return ImageWriter::create(where, head()).error(); };
    EXPECT_EQ(why("/dev/null").reason, Reason::invalid_argument);
    EXPECT_EQ(why(folder.path()).reason, Reason::invalid_argument);
    EXPECT_EQ(why("relative").reason, Reason::invalid_argument);
    EXPECT_EQ(why("/nowhere/image").reason, Reason::io);
}

}  // namespace
}  // namespace virtlight::hypervisor
