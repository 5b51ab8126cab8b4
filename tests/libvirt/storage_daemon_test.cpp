// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/storage_daemon.hpp"

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "async/scope.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/packet.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

constexpr std::int32_t list_pools = 281;

/// A storage daemon's end of a connection.
class Peer {
 public:
    explicit Peer(Fd socket) : socket_(std::move(socket)) {
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    }

    struct Asked {
        Header header;
        Bytes payload;
    };
    Asked asked() {
        for (;;) {
            if (const auto packet = framer_.next().value())
                return {packet->header, Bytes(packet->payload.begin(), packet->payload.end())};
            std::array<std::uint8_t, 4096> buffer;
            const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                ADD_FAILURE() << "nothing is asked";
                return {};
            }
            framer_.add(View(buffer).first(static_cast<std::size_t>(got)));
        }
    }
    void answer(Header header, const Bytes& payload, MessageStatus status = MessageStatus::ok) {
        header.type = MessageType::reply;
        header.status = status;
        Bytes packet;
        append_packet(packet, header, payload);
        EXPECT_EQ(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(packet.size()));
    }

 private:
    Fd socket_;
    Framer framer_;
};

class StorageDaemonTest : public testing::Test {
 protected:
    StorageDaemonTest() {
        log::set_level(log::Level::error);
        EXPECT_EQ(UnixAddress::of(path)->bind(listener), 0);
        EXPECT_EQ(::listen(listener.get(), 16), 0);
    }

    void TearDown() override { storage.stop(); }

    using Pending = std::shared_ptr<std::optional<Result<LateAnswer>>>;
    Pending ask(bool read_only = false, Bytes payload = {}) {
        auto pending = std::make_shared<std::optional<Result<LateAnswer>>>();
        scope.spawn(keep(storage.call(read_only, list_pools, std::move(payload)), pending));
        return pending;
    }
    static async::Task<> keep(async::Task<Result<LateAnswer>> task, Pending pending) {
        pending->emplace(co_await std::move(task));
    }

    /// Who has connected, let in.
    Peer let_in(std::uint32_t flags = 0) {
        Peer peer(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        peer.answer(peer.asked().header, *encode(std::vector<std::int32_t>{0}));
        loop.serve_descriptors();
        const auto open = peer.asked();
        EXPECT_EQ(decode<OpenArgs>(open.payload), (OpenArgs{"storage:///system", flags}));
        peer.answer(open.header, {});
        loop.serve_descriptors();
        return peer;
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "socket";
    Fd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    test::PollLoop loop;
    StorageDaemon storage{loop, path};
    async::Scope scope;
};

TEST_F(StorageDaemonTest, AnswersWhatItIsAsked) {
    const auto pending = ask(false, {1, 2, 3, 4});
    auto peer = let_in();
    const auto asked = peer.asked();
    EXPECT_EQ(asked.header.procedure, list_pools);
    EXPECT_EQ(asked.payload, (Bytes{1, 2, 3, 4}));
    peer.answer(asked.header, {5, 6, 7, 8});
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((**pending)->bytes, (Bytes{5, 6, 7, 8}));
    EXPECT_FALSE((**pending)->refused);
}

TEST_F(StorageDaemonTest, RefusesInItsOwnWords) {
    const auto pending = ask();
    auto peer = let_in();
    peer.answer(peer.asked().header, {1, 1, 1, 1}, MessageStatus::error);
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_TRUE((**pending)->refused);
    EXPECT_EQ((**pending)->bytes, (Bytes{1, 1, 1, 1}));
}

TEST_F(StorageDaemonTest, AnswersOverOneConnectionInAnyOrder) {
    const auto first = ask();
    const auto second = ask();
    auto peer = let_in();
    const auto one = peer.asked();
    const auto two = peer.asked();
    peer.answer(two.header, {2});
    loop.serve_descriptors();
    EXPECT_FALSE(*first);
    ASSERT_TRUE(*second);
    EXPECT_EQ((**second)->bytes, Bytes{2});
    peer.answer(one.header, {1});
    loop.serve_descriptors();
    ASSERT_TRUE(*first);
    EXPECT_EQ((**first)->bytes, Bytes{1});
}

TEST_F(StorageDaemonTest, HasAConnectionOfItsOwnForThoseWhoMayOnlyLook) {
    ask(true);
    auto looking = let_in(1);
    ask(false);
    auto writing = let_in(0);
    EXPECT_EQ(looking.asked().header.procedure, list_pools);
    EXPECT_EQ(writing.asked().header.procedure, list_pools);
}

TEST_F(StorageDaemonTest, ThatGoesAwayIsToldAndAskedAnew) {
    const auto lost = ask();
    {
        auto peer = let_in();
        peer.asked();
    }
    loop.serve_descriptors();
    ASSERT_TRUE(*lost);
    EXPECT_EQ((*lost)->error().reason, Reason::io);
    EXPECT_THAT((*lost)->error().message, HasSubstr("libvirt's storage daemon does not answer"));
    const auto again = ask();
    auto peer = let_in();
    peer.answer(peer.asked().header, {});
    loop.serve_descriptors();
    EXPECT_TRUE(*again && **again);
}

TEST_F(StorageDaemonTest, ThatSpeaksAnotherProtocolIsToldOf) {
    const auto pending = ask();
    const Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const Bytes nonsense(64, 0xff);
    EXPECT_EQ(::send(socket.get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 64);
    loop.serve_descriptors();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::protocol);
}

TEST_F(StorageDaemonTest, IsThereWhereASocketIs) {
    EXPECT_TRUE(storage.is_there());
    EXPECT_FALSE(StorageDaemon(loop, "").is_there());
    EXPECT_FALSE(StorageDaemon(loop, folder.path()).is_there());
    listener = {};
    const auto nobody = ask();  // the socket is left, as of a daemon that was killed
    ASSERT_TRUE(*nobody);
    EXPECT_EQ((*nobody)->error().reason, Reason::io);
}

TEST_F(StorageDaemonTest, ThatHangsIsNotWaitedForForEver) {
    const auto pending = ask();
    auto peer = let_in();
    loop.run_for(limits::storage_answer);
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::timed_out);
}

TEST_F(StorageDaemonTest, ThatHangsIsNotAskedMoreAndMore) {
    for (std::size_t i = 0; i < limits::storage_calls; ++i)
        EXPECT_FALSE(*ask());
    const auto one_more = ask();
    ASSERT_TRUE(*one_more);
    EXPECT_EQ((*one_more)->error().reason, Reason::too_many);
}

TEST_F(StorageDaemonTest, ThatDoesNotReadIsNotSaidMoreAndMore) {
    EXPECT_FALSE(*ask(false, Bytes(limits::storage_unsent / 2)));
    const auto one_more = ask(false, Bytes(limits::storage_unsent / 2));
    ASSERT_TRUE(*one_more);
    EXPECT_EQ((*one_more)->error().reason, Reason::too_many);
}

TEST_F(StorageDaemonTest, KeepsNobodyWaitingWhenTheDaemonStops) {
    const auto pending = ask();
    storage.stop();
    ASSERT_TRUE(*pending);
    EXPECT_EQ((*pending)->error().reason, Reason::operation_failed);
    EXPECT_FALSE(**ask());
}

}  // namespace
}  // namespace virtlight::libvirt
