// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "libvirt/messages.hpp"
#include "libvirt/session.hpp"

namespace virtlight::libvirt {

/// A session without a socket: what it sends is cut into packets again.
class SessionTest : public testing::Test {
 protected:
    static constexpr std::int32_t connect_open = 1;
    static constexpr std::int32_t connect_close = 2;
    static constexpr std::int32_t get_hostname = 59;
    static constexpr std::int32_t supports_feature = 60;
    static constexpr std::int32_t auth_list = 66;
    static constexpr std::int32_t domain_create = 9;

    /// How long a client that knows keepalive may be silent; an interval more ends the session.
    static constexpr auto silence_borne = limits::keepalive_interval * limits::keepalive_count;

    struct Sent {
        Header header;
        Bytes payload;
    };

    static Header header_of(std::int32_t procedure, std::uint32_t serial = 1) {
        return {.program = program::remote, .procedure = procedure, .serial = serial};
    }
    static Header ping() {
        return {.program = program::keepalive, .procedure = keepalive::ping, .type = MessageType::message};
    }
    void receive(const Header& header, const Bytes& payload = {}) {
        Bytes bytes;
        append_packet(bytes, header, payload);
        session.receive(bytes, now);
    }
    /// The next call after a packet with this header has come.
    std::optional<Call> call(const Header& header, const Bytes& payload = {}) {
        receive(header, payload);
        return session.next_call();
    }
    std::optional<Call> call(std::int32_t procedure, std::uint32_t serial = 1) {
        return call(header_of(procedure, serial));
    }
    std::vector<Sent> take_output() {
        Framer framer;
        framer.add(session.output());
        session.sent(session.output().size(), now);
        std::vector<Sent> all;
        for (auto packet = *framer.next(); packet; packet = *framer.next()) {
            all.push_back({packet->header, Bytes(packet->payload.begin(), packet->payload.end())});
        }
        EXPECT_FALSE(framer.partial());
        return all;
    }
    WireError take_error() {
        const auto all = take_output();
        if (all.size() != 1 || all[0].header.status != MessageStatus::error) return {.message = "no error"};
        EXPECT_EQ(all[0].header.type, MessageType::reply);
        return *decode<WireError>(all[0].payload);
    }
    /// Lets time pass as the owner of a session does: in steps from deadline to deadline.
    void pass(Duration duration) {
        const auto until = now + duration;
        while (!session.ended() && session.deadline() <= until) {
            now = std::max(now, session.deadline());
            session.tick(now);
        }
        now = until;
    }
    /// Lets time pass while the client takes a byte now and then, each just before keepalive gives it up.
    void read_slowly(Duration duration) {
        for (const auto until = now + duration; now < until && !session.ended();) {
            pass(silence_borne);
            session.sent(1, now);
        }
    }
    void open() { session.open(false); }

    Time now{std::chrono::hours(1)};
    Session session{false, now};
};

}  // namespace virtlight::libvirt
