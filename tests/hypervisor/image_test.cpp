// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/image.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "hypervisor/image_writer.hpp"

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

class Image : public testing::Test {
 protected:
    ImageHead head() const {
        return {.definition = {.name = "web",
                               .uuid = Uuid::random(),
                               .memory_max_kib = 64 * 1024,
                               .memory_kib = 64 * 1024,
                               .boot = {.kernel = "/boot/k"},
                               .consoles = {{.tty = "/dev/pts/7"}}},
                .paused = true};
    }
    void write_file(std::string_view bytes) const { std::ofstream(path) << bytes; }
    /// As somebody knows it who has read its head now.
    KnownImage known() const {
        const auto opened = open_image(path);
        EXPECT_TRUE(opened) << opened.error().message;
        return {path, opened ? opened->head.bytes : ""};
    }
    /// Its stream, of ten bytes.
    static std::string stream_of(const KnownImage& image) {
        const auto opened = open_image_stream(image);
        if (!opened) return opened.error().message;
        std::string stream(10, '\0');
        const auto read = read_from_image(*opened, stream);
        return read ? stream : read.error().message;
    }
    std::string why_not() const {
        const auto opened = open_image(path);
        return opened ? "it opens" : opened.error().message;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder.path()), {}));
    }

    void TearDown() override {
        before_sync = [](bool) { return true; };
    }

    test::TemporaryFolder folder;
    fs::path path = folder.path() / "image";
};

TEST_F(Image, IsReadAsItWasWritten) {
    const auto written = head();
    {
        auto writer = ImageWriter::create(path, written);
        ASSERT_TRUE(writer) << writer.error().message;
        EXPECT_FALSE(fs::exists(path)) << "it is not whole yet";
        ASSERT_TRUE(writer->write("the stream"));
        ASSERT_TRUE(writer->commit());
    }
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->head.definition.name, "web");
    EXPECT_EQ(opened->head.definition.uuid, written.definition.uuid);
    EXPECT_EQ(opened->head.definition.consoles.front().tty, "");
    EXPECT_TRUE(opened->head.paused);
    EXPECT_EQ(opened->stream_bytes, 10);
    std::array<char, 10> stream{};
    ASSERT_TRUE(read_from_image(*opened, stream));
    EXPECT_EQ(std::string_view(stream.data(), 10), "the stream");
    EXPECT_EQ(files(), 1);
}

TEST_F(Image, SaysHowManyVcpusAreToBeOnlineBesideThoseOfTheDeviceModel) {
    auto few = head();
    few.definition.vcpus_max = few.definition.vcpus = 4;
    few.vcpus_online = 3;
    write_file(format_image_head(few));
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->head.definition.vcpus, 4u);
    EXPECT_EQ(opened->head.vcpus_online, 3u);
    few.vcpus_online = 5;
    write_file(format_image_head(few));
    EXPECT_THAT(why_not(), HasSubstr("its head wants 5 vCPUs online, and its guest has 4"));
}

TEST_F(Image, KeepsTheVcpusOfItsDeviceModelWithAnotherDefinition) {
    auto few = head();
    few.definition.type = domain::GuestType::hvm;
    few.definition.vcpus_max = 4;
    few.definition.vcpus = 3;
    few.vcpus_online = 2;
    auto wanted = few.definition;
    wanted.title = "another";
    EXPECT_EQ(redefined(few, wanted).definition.title, "another");
    EXPECT_EQ(redefined(few, wanted).vcpus_online, 2u) << "as before";
    for (const auto vcpus : {1u, 4u}) {
        wanted.vcpus = vcpus;
        EXPECT_EQ(redefined(few, wanted).definition.vcpus, 3u);
        EXPECT_EQ(redefined(few, wanted).vcpus_online, vcpus);
    }
    few.definition.type = wanted.type = domain::GuestType::pvh;
    EXPECT_EQ(redefined(few, wanted).definition.vcpus, 4u);
}

TEST_F(Image, IsNotTakenForTheOneThatItHasReplaced) {
    const auto first = head();
    write_file(format_image_head(first) + "the stream");
    const auto image = known();
    EXPECT_EQ(stream_of(image), "the stream");
    auto changed = first;
    changed.definition.title = "changed";
    auto running = first;
    running.paused = false;
    for (const auto& other : {head(), changed, running}) {
        write_file(format_image_head(other) + "its stream");
        const auto opened = open_image_stream(image);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().reason, Reason::invalid_state);
        EXPECT_THAT(opened.error().message, HasSubstr(path.string() + "' has been replaced meanwhile"));
        EXPECT_EQ(stream_of(known()), "its stream");
    }
}

TEST_F(Image, OfTheVerySameGuestIsAsGoodAsTheOneThatItHasReplaced) {
    const auto first = head();
    write_file(format_image_head(first) + "the stream");
    const auto image = known();
    fs::remove(path);
    write_file(format_image_head(first) + "of a later");
    EXPECT_EQ(stream_of(image), "of a later");
}

TEST_F(Image, IsKnownByItsHeadAlsoWhenItIsToGetAnotherDefinition) {
    write_file(format_image_head(head()) + "the stream");
    const auto opened = open_image(path);
    ASSERT_TRUE(opened);
    const auto changed = redefined(opened->head, head().definition);
    EXPECT_EQ(stream_of({path, changed.bytes}), "the stream");
}

TEST_F(Image, HasLibvirtsHead) {
    const auto bytes = format_image_head(head());
    EXPECT_EQ(bytes.substr(0, 16), std::string("libvirt-xml\n \0 \r", 16));
    std::uint32_t version = 0;
    std::uint32_t length = 0;
    std::memcpy(&version, bytes.data() + 16, 4);
    std::memcpy(&length, bytes.data() + 20, 4);
    EXPECT_EQ(version, 2);
    EXPECT_EQ(bytes.size(), 64 + length);
    EXPECT_EQ(bytes.back(), '\0');
    EXPECT_EQ(bytes.substr(64, 7), "<domain");
}

TEST_F(Image, ThatIsNotCommittedIsRemovedAndWhatWasThereStays) {
    write_file("precious");
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer && writer->write("half"));
    }
    EXPECT_EQ(files(), 1);
    EXPECT_EQ(read_file(path, 100).value(), "precious");
}

TEST_F(Image, IsGoneIfItIsNotCertainThatItStays) {
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [](bool is_folder) { return !is_folder; };
    const auto committed = writer->commit();
    ASSERT_FALSE(committed);
    EXPECT_THAT(committed.error().message, HasSubstr("cannot sync folder"));
    EXPECT_EQ(files(), 0);
}

TEST_F(Image, ThatMayNotStayLeavesWhatWasThere) {
    write_file("precious");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    before_sync = [](bool is_folder) { return !is_folder; };
    EXPECT_FALSE(writer->commit());
    EXPECT_EQ(read_file(path, 100).value(), "precious");
    EXPECT_EQ(files(), 1);
}

TEST_F(Image, ThatIsGivenUpInItsLastMomentLeavesWhatWasThere) {
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

TEST_F(Image, ThatStaysLeavesNothingOfWhatWasThere) {
    write_file("old");
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer);
    EXPECT_TRUE(writer->commit());
    EXPECT_TRUE(open_image(path));
    EXPECT_EQ(files(), 1);
}

TEST_F(Image, MayHaveNoSecondWriterWhileItIsNotCertainThatItStays) {
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

TEST_F(Image, WhoseChangeIsNoMoreWantedWhenItIsSyncedStaysAsItWas) {
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

TEST_F(Image, WhoseFolderCannotBeOpenedLeavesWhatWasThere) {
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

TEST_F(Image, ThatGetsAnotherHeadIsKeptThoughItMayNotStay) {
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

TEST_F(Image, ThatIsRemovedWhileItGetsAnotherHeadDoesNotComeBack) {
    write_file(format_image_head(head()) + "the stream");
    const auto image = known();
    before_sync = [this](bool) { return fs::remove(path) || true; };
    const auto changed = rewrite_image(image, head());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().reason, Reason::invalid_state);
    EXPECT_EQ(files(), 0);
}

TEST_F(Image, KeepsItsHeadIfGivingItAnotherIsStopped) {
    write_file(format_image_head(head()) + "the stream");
    auto changed = head();
    changed.definition.title = "changed";
    const auto stopped = rewrite_image(known(), changed, true);
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().reason, Reason::cancelled);
    EXPECT_EQ(open_image(path)->head.definition.title, "");
    EXPECT_EQ(files(), 1);
}

TEST_F(Image, ThatHasReplacedAnotherDoesNotGetTheHeadThatIsMeantForThat) {
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

TEST_F(Image, DoesNotTakeTheNameOfAnotherOneWhileItIsWritten) {
    const fs::path other = path.string() + ".new";
    std::ofstream(other) << "precious";
    {
        auto writer = ImageWriter::create(path, head());
        ASSERT_TRUE(writer && writer->commit());
    }
    EXPECT_EQ(read_file(other, 100).value(), "precious");
}

TEST_F(Image, DoesNotReplaceWhatSomebodyElseHasMadeWhileItWasWritten) {
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

TEST_F(Image, GetsAnotherHeadAndKeepsItsStream) {
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

TEST_F(Image, IsNotLeftInThePageCacheIfItIsToBypassIt) {
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

TEST_F(Image, IsWrittenByOneAtATime) {
    auto first = ImageWriter::create(path, head());
    ASSERT_TRUE(first);
    const auto second = ImageWriter::create(path, head());
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message, HasSubstr("another save"));
    EXPECT_TRUE(first->commit());
    EXPECT_TRUE(open_image(path)) << "the second has not touched it";
}

TEST_F(Image, TakesTheNameThatAKilledDaemonLeftBehind) {
    std::ofstream(path.string() + std::string(unfinished_suffix)) << std::string(100'000, 'x');
    auto writer = ImageWriter::create(path, head());
    ASSERT_TRUE(writer && writer->commit());
    EXPECT_EQ(open_image(path)->stream_bytes, 0);
}

TEST_F(Image, IsNotWrittenWhereSomebodyElseCanRead) {
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

TEST_F(Image, ThatIsReplacedWhileItIsWrittenDoesNotGetItsName) {
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

TEST_F(Image, GivesBackTheRoomThatItDoesNotNeed) {
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

TEST_F(Image, ThatADiskLosesOnTheWayIsNotCommitted) {
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

TEST_F(Image, GoesNowhereButToAFile) {
    const auto why = [&](const fs::path& where) { return ImageWriter::create(where, head()).error(); };
    EXPECT_EQ(why("/dev/null").reason, Reason::invalid_argument);
    EXPECT_EQ(why(folder.path()).reason, Reason::invalid_argument);
    EXPECT_EQ(why("relative").reason, Reason::invalid_argument);
    EXPECT_EQ(why("/nowhere/image").reason, Reason::io);
}

/// As `xl save` begins a file.
std::string xl_image(std::string_view config, std::uint32_t byte_order = 0x01020304,
                     std::uint32_t flags = 3) {
    const auto length = static_cast<std::uint32_t>(config.size());
    std::string bytes("Xen saved domain, xl format\n \0 \r", 32);
    for (const std::uint32_t word : {byte_order, flags, 0U, length + 4, length})
        bytes.append(reinterpret_cast<const char*>(&word), sizeof word);  // NOLINT: plain bytes
    return bytes.append(config);
}

TEST_F(Image, OfXlsIsReadUpToItsStream) {
    const std::string config = "{ \"c_info\": { \"name\": \"web\" } }";
    write_file(xl_image(config) + "the stream");
    const auto opened = open_image(path);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->xl_config, config);
    EXPECT_EQ(opened->stream_bytes, 10);
    std::array<char, 10> stream{};
    ASSERT_TRUE(read_from_image(*opened, stream));
    EXPECT_EQ(std::string_view(stream.data(), 10), "the stream");
}

TEST_F(Image, OfXlsIsNotTakenForTheOneThatItHasReplaced) {
    write_file(xl_image("{ \"c_info\": { \"name\": \"web\" } }") + "the stream");
    const auto image = known();
    EXPECT_EQ(stream_of(image), "the stream");
    write_file(xl_image("{ \"c_info\": { \"name\": \"dns\" } }") + "the stream");
    EXPECT_THAT(stream_of(image), HasSubstr("has been replaced meanwhile"));
    write_file(format_image_head(head()) + "the stream");
    EXPECT_THAT(stream_of(image), HasSubstr("has been replaced meanwhile"));
}

TEST_F(Image, OfXlsIsRefusedWhereItIsDamaged) {
    const auto good = xl_image(std::string(200, ' '));
    write_file(good.substr(0, 50));
    EXPECT_THAT(why_not(), HasSubstr("ends in xl's head"));
    write_file(good.substr(0, 100));
    EXPECT_THAT(why_not(), HasSubstr("ends in xl's head, after 100 bytes"));
    write_file(xl_image(std::string(200, ' '), 0x04030201));
    EXPECT_THAT(why_not(), HasSubstr("another byte order"));
    write_file(xl_image(std::string(200, ' '), 0x01020304, 1));
    EXPECT_THAT(why_not(), HasSubstr("another version of xl"));
    auto wrong = good;
    wrong[48] = 100;
    wrong[49] = 1;
    write_file(wrong);
    EXPECT_THAT(why_not(), HasSubstr("damaged in xl's head"));
}

TEST_F(Image, IsRefusedWithTheReason) {
    EXPECT_THAT(why_not(), HasSubstr("No such file"));
    const auto good = format_image_head(head());
    write_file("");
    EXPECT_THAT(why_not(), HasSubstr("image magic is incorrect"));
    write_file(good.substr(0, 200));
    EXPECT_THAT(why_not(), HasSubstr("damaged in its XML, after 200 bytes"));
    auto newer = good;
    newer[16] = 3;
    write_file(newer);
    EXPECT_THAT(why_not(), HasSubstr("image version is not supported (3 > 2)"));
    auto huge = good;
    std::memset(huge.data() + 20, 0x7f, 4);
    write_file(huge);
    EXPECT_THAT(why_not(), HasSubstr("invalid XML length"));
    auto scribbled = good;
    scribbled[70] = '<';
    write_file(scribbled);
    EXPECT_THAT(why_not(), HasSubstr("the XML in"));
    fs::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    EXPECT_THAT(why_not(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace virtlight::hypervisor
