// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/image_stream.hpp"

#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "async/event_loop.hpp"
#include "base/temporary_folder.hpp"
#include "xenlight/image_feed.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::ImageWriter;
using testing::HasSubstr;

constexpr std::string_view header("LibxlFmt\0\0\0\2\0\0\0\0", 16);
constexpr std::string_view record("\1\0\0\0\0\0\0\0", 8);
constexpr std::string_view last_record("\0\0\0\0\0\0\0\0", 8);

class ImageStream : public testing::Test {
 protected:
    Journey journey() { return {link, abort, progress}; }
    Result<ImageWriter> writer() {
        return ImageWriter::create(path, {.definition = {.name = "web",
                                                         .uuid = Uuid::random(),
                                                         .memory_max_kib = 64 * 1024,
                                                         .memory_kib = 64 * 1024,
                                                         .boot = {.kernel = "/boot/k"},
                                                         .consoles = {{}}}});
    }
    /// An image with this stream behind its head.
    void write_image(std::string_view stream) {
        auto image = writer();
        ASSERT_TRUE(image && image->write(stream) && image->commit());
    }
    /// Among what the mover has posted so far.
    bool abort_came() {
        loop.post([this] { loop.stop(); });
        loop.run();
        return abort->token().cancelled();
    }
    void say(std::string_view bytes) const {
        ASSERT_EQ(::send(channel->libxls->get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }

    test::TemporaryFolder folder;
    std::filesystem::path path = folder.path() / "image";
    async::EventLoop loop{"core"};
    std::shared_ptr<CoreLink> link = std::make_shared<CoreLink>(loop);
    std::shared_ptr<HeldAbort> abort = std::make_shared<HeldAbort>();
    std::shared_ptr<hypervisor::Progress> progress = std::make_shared<hypervisor::Progress>();
    Result<Channel> channel = Channel::open();
};

TEST_F(ImageStream, IsReceivedToItsEnd) {
    auto image = writer();
    ASSERT_TRUE(image);
    say("0123456789");
    say("abc");
    channel->shut();
    EXPECT_TRUE(receive(*image, channel->ours, journey()));
    EXPECT_TRUE(image->commit());
    EXPECT_EQ(hypervisor::open_image(path)->stream_bytes, 13);
    EXPECT_EQ(progress->bytes, 13);
}

TEST_F(ImageStream, CannotBeCutShortBeforeTheHelperRuns) {
    auto image = writer();
    abort->wish();
    say(header);
    say("1234567");
    channel->shut();
    ASSERT_TRUE(receive(*image, channel->ours, journey()));
    EXPECT_FALSE(abort_came());
}

TEST_F(ImageStream, IsCutShortAsSoonAsTheHelperRuns) {
    auto image = writer();
    abort->wish();
    say(header);
    say("12345678");
    channel->shut();
    ASSERT_TRUE(receive(*image, channel->ours, journey()));
    EXPECT_TRUE(abort_came());
}

TEST_F(ImageStream, TellsThatMemoryComesWhenMoreHasComeThanStandsBeforeIt) {
    using hypervisor::Stage;
    for (const bool more : {false, true}) {
        auto image = writer();
        const auto way = Channel::open();
        ASSERT_TRUE(image && way);
        progress->stage = Stage::asking_guest;
        const std::string beginning(limits::image_before_memory + (more ? 1 : 0), 'x');
        std::thread libxl([&] {
            for (std::string_view left = beginning; !left.empty();) {
                const auto sent = ::send(way->libxls->get(), left.data(), left.size(), 0);
                ASSERT_GT(sent, 0);
                left.remove_prefix(static_cast<std::size_t>(sent));
            }
            way->shut();
        });
        EXPECT_TRUE(receive(*image, way->ours, journey()));
        libxl.join();
        EXPECT_EQ(progress->stage.load(), more ? Stage::saving : Stage::asking_guest);
    }
}

TEST_F(ImageStream, IsReadToItsEndAlthoughTheDiskIsFull) {
    auto image = writer();
    ASSERT_TRUE(image);
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{.rlim_cur = 4096, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    std::thread libxl([&] {
        const std::string megabyte(1 << 20, 'x');
        EXPECT_EQ(::send(channel->libxls->get(), megabyte.data(), megabyte.size(), 0), 1 << 20);
        channel->shut();
    });
    const auto received = receive(*image, channel->ours, journey());
    libxl.join();
    ::setrlimit(RLIMIT_FSIZE, &before);
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().reason, Reason::io);
    EXPECT_THAT(received.error().message, HasSubstr("cannot write"));
    EXPECT_TRUE(abort_came()) << "libxl need not go on";
}

TEST_F(ImageStream, OfAnotherKindIsRefused) {
    write_image("QEVM and more than sixteen bytes");
    const auto image = hypervisor::open_image(path);
    EXPECT_EQ(check_stream(*image).error().reason, Reason::invalid_argument);
    write_image("Lib");
    const auto stump = hypervisor::open_image(path);
    EXPECT_THAT(check_stream(*stump).error().message, HasSubstr("it ends after 3 bytes"));
    write_image(std::string(header) + "\1\0");
    EXPECT_FALSE(check_stream(*hypervisor::open_image(path))) << "libxl would crash";
    write_image(std::string(header) + std::string(100, '\0'));
    EXPECT_FALSE(check_stream(*hypervisor::open_image(path))) << "it ends before it begins";
    write_image(std::string(header) + std::string(record) + "state of devic");
    EXPECT_THAT(check_stream(*hypervisor::open_image(path)).error().message, HasSubstr("its end is missing"));
}

class FedImage : public ImageStream {
 protected:
    /// Has the mover send this image.
    void send(const std::string& stream, bool bypasses_cache = false) {
        write_image(stream);
        image_ = hypervisor::open_image(path);
        image_->bypasses_cache = bypasses_cache;
        const auto start = check_stream(*image_);
        ASSERT_TRUE(start) << start.error().message;
        mover_ =
            std::jthread([this, begin = *start] { EXPECT_TRUE(feed_->send(*image_, begin, journey())); });
    }
    std::string take(std::size_t bytes) const {
        std::string taken(bytes, '\0');
        std::size_t got = 0;
        while (got < bytes) {
            const auto n = ::read(feed_->libxls()->get(), taken.data() + got, bytes - got);
            if (n <= 0) break;
            got += static_cast<std::size_t>(n);
        }
        taken.resize(got);
        return taken;
    }
    static std::string stream_of(std::size_t bytes) {
        std::string memory(bytes, 'm');
        for (std::size_t at = 0; at < bytes; at += 1000)
            memory[at] = static_cast<char>(at / 1000);
        return std::string(header) + std::string(record) + memory + std::string(last_record);
    }

    std::shared_ptr<Feed> feed_ = Feed::open().value();
    Result<hypervisor::OpenImage> image_ = fail(Reason::io, "not open");
    std::jthread mover_;
};

TEST_F(FedImage, IsSentWholeAndCutShortOnlyWhenLibxlHasReadItsBeginning) {
    const auto stream = stream_of(100'000);
    abort->wish();
    send(stream);
    std::string taken = take(20);
    std::this_thread::yield();
    EXPECT_FALSE(abort_came());
    taken += take(stream.size() - 20);
    EXPECT_EQ(taken, stream);
    EXPECT_EQ(take(1), "") << "there is an end behind it";
    mover_.join();
    EXPECT_TRUE(abort_came());
    EXPECT_EQ(progress->bytes, stream.size());
}

TEST_F(FedImage, IsTheSameHoweverLargeItIs) {
    for (const bool bypasses_cache : {false, true}) {
        const auto stream = stream_of(40 * 1024 * 1024 + 12345);
        feed_ = Feed::open().value();
        send(stream, bypasses_cache);
        EXPECT_TRUE(take(stream.size() + 1) == stream);
        mover_.join();
        EXPECT_EQ(progress->bytes, stream.size());
    }
}

TEST_F(FedImage, IsAsFarAsLibxlHasTakenIt) {
    const auto stream = stream_of(10'000'000);
    send(stream);
    take(24);
    // What is on its way does not count.
    for (int look = 0; look < 2000 && !abort_came() && progress->bytes < 24; ++look)
        std::this_thread::sleep_for(milliseconds(1));
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(progress->bytes, 24);
    take(stream.size());
    mover_.join();
    EXPECT_EQ(progress->bytes, stream.size());
}

TEST_F(FedImage, IsSentNoFurtherThanLibxlWants) {
    for (const auto taken : {20U, 24U, 5'000'000U}) {
        feed_ = Feed::open().value();
        send(stream_of(10'000'000));
        take(taken);
        feed_->shut();  // also while it is waited for libxl's first reading
        mover_.join();
        take(10'000'000);
        EXPECT_EQ(take(1), "") << "who still reads comes to an end";
    }
}

TEST_F(FedImage, ThatHasBecomeShorterEndsWhereItEnds) {
    const auto stream = stream_of(10'000'000);
    send(stream);
    take(20);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - stream.size() + 16);
    EXPECT_EQ(take(4), std::string("\0\0\0\0", 4)) << "its beginning is there all the same";
    EXPECT_EQ(take(1), "");
}

}  // namespace
}  // namespace virtlight::xenlight
