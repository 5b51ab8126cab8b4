// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/client_stream.hpp"

#include <future>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/own_messages.hpp"
#include "libvirt/streams.hpp"

namespace virtlight::libvirt {
namespace {

/// A client of a daemon that says what it is told to.
class ClientStreamTest : public testing::Test {
 protected:
    ClientStreamTest() {
        EXPECT_EQ(UnixAddress::of(path_)->bind(listener_), 0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
    }

    /// A stream, with this right behind the answer that opens it.
    ClientStream open(const Bytes& behind) {
        auto welcome = std::async(std::launch::async, [this, &behind] { answer_calls(behind); });
        auto client = Client::connect(path_);
        EXPECT_TRUE(client);
        auto stream = ClientStream::open(*std::move(client), own::watch_console, WatchConsoleArgs());
        EXPECT_TRUE(stream);
        welcome.get();
        return *std::move(stream);
    }

    static Bytes packet(MessageStatus status, View payload = {}) {
        Bytes bytes;
        append_packet(bytes,
                      {.program = program::virtlight,
                       .procedure = own::watch_console,
                       .type = MessageType::stream,
                       .serial = opening_call,
                       .status = status},
                      payload);
        return bytes;
    }
    static Bytes output(std::string_view text) { return packet(MessageStatus::continued, as_bytes(text)); }

    void say(const Bytes& bytes) { EXPECT_TRUE(write_all(daemon_.get(), as_text(bytes), "the client")); }

    Fd daemon_;  ///< its end of the connection

 private:
    static constexpr std::uint32_t opening_call = 3;

    /// Before they come: that of the ways to authenticate, that of opening, and that of the stream.
    void answer_calls(const Bytes& behind) {
        daemon_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        Bytes all;
        for (std::uint32_t serial = 1; serial <= opening_call; ++serial)
            append_packet(all, {.type = MessageType::reply, .serial = serial},
                          serial == 1 ? *encode(std::vector<std::int32_t>{0}) : Bytes());
        all.insert(all.end(), behind.begin(), behind.end());
        say(all);
    }

    test::TemporaryFolder folder_;
    std::filesystem::path path_ = folder_.path() / "s";
    Fd listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
};

TEST_F(ClientStreamTest, GivesWhatCameBeforeAFailureFirst) {
    auto stream = open({});
    auto said = output("last words");
    const Error why{Reason::too_many, "the guest does not take its input"};
    const auto failure = packet(MessageStatus::error, *encode(to_wire(why)));
    said.insert(said.end(), failure.begin(), failure.end());
    say(said);

    const auto words = stream.receive();
    ASSERT_TRUE(words) << words.error().message;
    EXPECT_EQ(as_text(*words), "last words");
    for (int again = 0; again < 2; ++again) {
        const auto failed = stream.receive();
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().message, why.message);
    }
}

TEST_F(ClientStreamTest, GivesWhatCameWithTheAnswerAlsoOfADaemonThatHasGone) {
    auto behind = output("first words");
    const auto end = packet(MessageStatus::continued);
    behind.insert(behind.end(), end.begin(), end.end());
    auto stream = open(behind);
    daemon_.reset();

    const auto words = stream.receive();
    ASSERT_TRUE(words) << words.error().message;
    EXPECT_EQ(as_text(*words), "first words");
    EXPECT_TRUE(stream.ended());
    EXPECT_FALSE(stream.receive());
}

TEST_F(ClientStreamTest, GivesNothingWhereNothingHasCome) {
    auto stream = open({});
    const auto nothing = stream.receive();
    ASSERT_TRUE(nothing) << nothing.error().message;
    EXPECT_TRUE(nothing->empty());
    EXPECT_FALSE(stream.ended());
}

}  // namespace
}  // namespace virtlight::libvirt
