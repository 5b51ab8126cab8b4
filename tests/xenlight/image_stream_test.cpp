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
    std::string hear(std::size_t bytes) const {
        std::string heard(bytes, '\0');
        const auto n = ::recv(channel->libxls->get(), heard.data(), bytes, MSG_WAITALL);
        heard.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        return heard;
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

TEST_F(ImageStream, IsSentWholeAndCutShortOnlyWhenLibxlHasReadItsBeginning) {
    const auto stream =
        std::string(header) + std::string(record) + std::string(100'000, 'm') + std::string(last_record);
    write_image(stream);
    const auto image = hypervisor::open_image(path);
    const auto start = check_stream(*image);
    ASSERT_TRUE(start) << start.error().message;
    abort->wish();
    std::jthread mover([&] { EXPECT_TRUE(send(*image, *start, *channel, journey())); });
    std::string heard = hear(20);
    std::this_thread::yield();
    EXPECT_FALSE(abort_came());
    heard += hear(stream.size() - 20);
    EXPECT_EQ(heard, stream);
    EXPECT_EQ(hear(1), "") << "there is an end behind it";
    mover.join();
    EXPECT_TRUE(abort_came());
    EXPECT_EQ(progress->bytes, stream.size());
}

TEST_F(ImageStream, IsSentNoFurtherThanLibxlWants) {
    const auto stream =
        std::string(header) + std::string(record) + std::string(10'000'000, 'm') + std::string(last_record);
    write_image(stream);
    const auto image = hypervisor::open_image(path);
    const auto start = check_stream(*image);
    ASSERT_TRUE(start) << start.error().message;
    std::jthread mover([&] { EXPECT_TRUE(send(*image, *start, *channel, journey())); });
    hear(20);
    channel->shut();  // also while it is waited for libxl's first reading
}

}  // namespace
}  // namespace virtlight::xenlight
