// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "async/scope.hpp"
#include "base/file.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/temporary_folder.hpp"
#include "base/unix_address.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/flags.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/modular_daemons.hpp"
#include "libvirt/packet.hpp"
#include "xenlight/poll_loop.hpp"

namespace virtlight::libvirt {

inline constexpr std::int32_t list_pools = 281;
inline constexpr std::int32_t register_for_pools = 368;

/// The daemon's end of a connection.
class DaemonEnd {
 public:
    explicit DaemonEnd(Fd socket) : socket_(std::move(socket)) {
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
        say(header, payload);
    }
    /// In the stream of a call.
    void put(const Header& call, MessageStatus status, const Bytes& payload = {}) {
        say(in_stream(call, status), payload);
    }
    /// Says as much in it as the socket takes: how many bytes.
    std::size_t flood(const Header& call) {
        const int narrow = 64 * 1024;
        EXPECT_EQ(::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &narrow, sizeof narrow), 0);
        Bytes packet;
        append_packet(packet, in_stream(call, MessageStatus::continued), Bytes(limits::stream_chunk));
        for (std::size_t all = 0;;) {
            const auto rest = View(packet).subspan(flooded_);
            const auto put = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (put <= 0) return all;
            all += static_cast<std::size_t>(put);
            flooded_ = (flooded_ + static_cast<std::size_t>(put)) % packet.size();
        }
    }
    /// Whether the other end is closed; what it has said before is passed over.
    bool is_left() {
        std::array<std::uint8_t, 4096> buffer;
        ssize_t got = 1;
        while (got > 0)
            got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return got == 0;
    }
    template <class Event>
    void tell(std::int32_t procedure, const CallbackMessage<Event>& event) {
        say({.program = program::remote, .procedure = procedure, .type = MessageType::message},
            *encode(event));
    }

 private:
    static Header in_stream(Header call, MessageStatus status) {
        call.type = MessageType::stream;
        call.status = status;
        return call;
    }
    void say(const Header& header, const Bytes& payload) {
        Bytes packet;
        append_packet(packet, header, payload);
        EXPECT_EQ(::send(socket_.get(), packet.data(), packet.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(packet.size()));
    }

    Fd socket_;
    Framer framer_;
    std::size_t flooded_ = 0;  ///< of the packet that flood() says again and again
};

/// The storage daemon, of which the test is the other end.
class ModularDaemonTest : public testing::Test {
 protected:
    ModularDaemonTest() {
        log::set_level(log::Level::error);
        storage.on_event([this](const ObjectEvent& event) { told.push_back(event); });
        listen();
    }

    void TearDown() override { storage.stop(); }

    void listen() {
        listener = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(UnixAddress::of(path)->bind(listener), 0);
        EXPECT_EQ(::listen(listener.get(), 16), 0);
    }
    void listen_no_more() {
        listener = {};
        std::filesystem::remove(path);
    }

    using Pending = std::shared_ptr<std::optional<Result<LateAnswer>>>;
    Pending ask(Bytes payload = {}, ModularDaemon::Asker asker = {.client = {1}, .read_only = false}) {
        return pending(storage.call(asker, list_pools, std::move(payload)));
    }
    Pending watch(std::int32_t event) { return pending(storage.watch(event)); }
    Pending pending(async::Task<Result<LateAnswer>> task) {
        auto pending = std::make_shared<std::optional<Result<LateAnswer>>>();
        scope.spawn(keep(std::move(task), pending));
        return pending;
    }
    static async::Task<> keep(async::Task<Result<LateAnswer>> task, Pending pending) {
        pending->emplace(co_await std::move(task));
    }

    /// Who has connected, let in.
    DaemonEnd let_in(std::uint32_t flags = 0, std::string uri = "storage:///system") {
        DaemonEnd peer(Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        peer.answer(peer.asked().header, *encode(std::vector<std::int32_t>{0}));
        loop.serve_descriptors();
        const auto open = peer.asked();
        EXPECT_EQ(decode<OpenArgs>(open.payload), (OpenArgs{std::move(uri), flags}));
        peer.answer(open.header, {});
        loop.serve_descriptors();
        return peer;
    }

    /// Its end of a connection over which it tells of an event, under the id `callback`.
    DaemonEnd let_in_and_agree(std::int32_t event, std::int32_t callback) {
        auto peer = let_in(flag::open_read_only);
        const auto asked = peer.asked();
        EXPECT_EQ(asked.header.procedure, register_for_pools);
        EXPECT_EQ(decode<RegisterArgs<NamedUuid>>(asked.payload), RegisterArgs<NamedUuid>{.event = event});
        peer.answer(asked.header, *encode(callback));
        loop.serve_descriptors();
        return peer;
    }
    void serve_all() {
        while (loop.serve_descriptors()) {
        }
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "socket";
    Fd listener;
    test::PollLoop loop;
    std::vector<ObjectEvent> told;
    ModularDaemon storage{loop, Served::storage, path};
    async::Scope scope;
};

}  // namespace virtlight::libvirt
