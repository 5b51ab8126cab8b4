// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/relayed_stream.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"
#include "libvirt/packet.hpp"

namespace virtlight::libvirt {
namespace {

/// A stream without a socket, and the daemon at its other end, which has let it in.
struct Relayed {
    using enum MessageStatus;
    static constexpr std::int32_t upload = 208;

    struct Heard {
        Header header;
        Bytes payload;
    };

    Relayed() {
        reply(heard()->header, *encode(std::vector<std::int32_t>{0}));
        reply(heard()->header, {});
        call = heard()->header;
    }

    /// What the socket takes now reaches the daemon.
    void take(std::size_t bytes) {
        bytes = std::min(bytes, stream.output().size());
        framer.add(stream.output().first(bytes));
        stream.sent(bytes);
    }
    /// The next that the daemon has heard, of all that was to be sent.
    std::optional<Heard> heard() {
        take(stream.output().size());
        const auto packet = framer.next().value();
        if (!packet) return std::nullopt;
        return Heard{packet->header, Bytes(packet->payload.begin(), packet->payload.end())};
    }
    void reply(Header header, const Bytes& payload, MessageStatus status = ok) {
        header.type = MessageType::reply;
        header.status = status;
        say(header, payload);
    }
    /// In the stream.
    void put(MessageStatus status, std::string_view text = {}) {
        auto header = call;
        header.type = MessageType::stream;
        header.status = status;
        say(header, Bytes(text.begin(), text.end()));
    }
    void put(const Error& error) {
        const auto bytes = *encode(to_wire(error));
        put(MessageStatus::error, as_text(bytes));
    }
    void say(const Header& header, const Bytes& payload) {
        Bytes packet;
        append_packet(packet, header, payload);
        EXPECT_TRUE(stream.receive(packet));
    }
    /// What the client gets now, in one text.
    std::string read() {
        std::string all;
        for (auto portion = stream.read(7); portion && !portion->bytes.empty(); portion = stream.read(7))
            all += as_text(portion->bytes);
        return all;
    }
    std::size_t write(std::string_view text) { return stream.write(as_bytes(text)).value(); }
    bool at_end() { return stream.read(1).value().end; }

    RelayedStream stream{"storage:///system", upload, Bytes{1, 2, 3, 4}};
    Framer framer;
    Header call;
};

struct RelayedStreamTest : testing::Test, Relayed {
    /// The stream is open.
    void SetUp() override { reply(call, {}); }
};

TEST(RelayedStream, AsksItsCallWhenItIsLetIn) {
    Relayed relayed;
    EXPECT_EQ(relayed.call.procedure, Relayed::upload);
    EXPECT_EQ(relayed.call.type, MessageType::call);
    EXPECT_FALSE(relayed.stream.take_answer());
    relayed.reply(relayed.call, {5, 6, 7, 8});
    const auto answer = relayed.stream.take_answer();
    ASSERT_TRUE(answer && *answer);
    EXPECT_EQ((*answer)->bytes, (Bytes{5, 6, 7, 8}));
    EXPECT_FALSE((*answer)->refused);
    EXPECT_FALSE(relayed.stream.take_answer()) << "it is told once";
    EXPECT_FALSE(relayed.stream.over());
}

TEST(RelayedStream, IsOverWhenItsCallIsRefused) {
    Relayed relayed;
    relayed.reply(relayed.call, {1, 1, 1, 1}, MessageStatus::error);
    const auto answer = relayed.stream.take_answer();
    ASSERT_TRUE(answer && *answer);
    EXPECT_TRUE((*answer)->refused);
    EXPECT_EQ((*answer)->bytes, (Bytes{1, 1, 1, 1}));
    EXPECT_TRUE(relayed.stream.over());
}

TEST(RelayedStream, AnswersItsCallWithWhatHasEndedItBefore) {
    Relayed relayed;
    relayed.stream.fail({Reason::io, "gone"});
    const auto answer = relayed.stream.take_answer();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error(), (Error{Reason::io, "gone"}));
    EXPECT_TRUE(relayed.stream.over());
}

TEST(RelayedStream, TellsOfAConnectionThatIsOfNoUse) {
    Relayed relayed;
    const auto received = relayed.stream.receive(Bytes(64, 0xff));
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().reason, Reason::protocol);
}

TEST_F(RelayedStreamTest, CarriesBytesBothWays) {
    EXPECT_EQ(write("all of it"), 9u);
    const auto sent = heard();
    ASSERT_TRUE(sent);
    auto expected = call;
    expected.type = MessageType::stream;
    expected.status = continued;
    EXPECT_EQ(sent->header, expected);
    EXPECT_EQ(as_text(sent->payload), "all of it");
    put(continued, "hello ");
    put(continued, "there");
    EXPECT_EQ(read(), "hello there");
    EXPECT_FALSE(at_end());
}

TEST_F(RelayedStreamTest, IsFinishedWhenTheDaemonSaysSo) {
    write("abc");
    EXPECT_EQ(stream.finish(), Result<bool>(false));
    EXPECT_EQ(stream.finish(), Result<bool>(false));
    EXPECT_EQ(as_text(heard()->payload), "abc");
    const auto last = heard();
    ASSERT_TRUE(last);
    EXPECT_EQ(last->header.type, MessageType::stream);
    EXPECT_EQ(last->header.status, ok);
    EXPECT_TRUE(last->payload.empty());
    EXPECT_FALSE(heard()) << "it asks once";
    put(ok);
    EXPECT_EQ(stream.finish(), Result<bool>(true));
    EXPECT_TRUE(stream.over());
}

TEST_F(RelayedStreamTest, IsNotFinishedWhenTheDaemonSaysWhatWentWrong) {
    EXPECT_EQ(stream.finish(), Result<bool>(false));
    put(Error{Reason::io, "cannot write to stream: No space left on device"});
    ASSERT_FALSE(stream.finish());
    EXPECT_EQ(stream.finish().error(),
              (Error{Reason::io, "cannot write to stream: No space left on device"}));
    EXPECT_TRUE(stream.over());
}

TEST_F(RelayedStreamTest, FailsWhoSendsWhenTheDaemonHasFailed) {
    put(Error{Reason::io, "No space left on device"});
    EXPECT_EQ(stream.write(as_bytes("more")).error().message, "No space left on device");
    EXPECT_EQ(stream.read(10).error().message, "No space left on device");
}

TEST_F(RelayedStreamTest, HasComeToItsEndWhenTheDaemonHasSaidThatAllWentWell) {
    put(continued, "the last");
    put(continued);
    EXPECT_EQ(read(), "the last");
    EXPECT_FALSE(at_end());
    const auto asked = heard();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->header.status, ok);
    EXPECT_EQ(stream.finish(), Result<bool>(false));
    EXPECT_FALSE(heard()) << "it has asked already";
    put(ok);
    EXPECT_TRUE(at_end());
}

TEST_F(RelayedStreamTest, GivesWhatCameBeforeTheEndAndBeforeAFailure) {
    put(continued, "some of it");
    stream.fail({Reason::io, "gone"});
    EXPECT_TRUE(stream.over());
    EXPECT_EQ(read(), "some of it");
    EXPECT_EQ(stream.read(1).error(), (Error{Reason::io, "gone"}));
    stream.fail({Reason::timed_out, "too late"});
    EXPECT_EQ(stream.read(1).error(), (Error{Reason::io, "gone"})) << "the first is the reason";
}

TEST_F(RelayedStreamTest, HasNothingMoreForAClientThatHasFinished) {
    put(continued, std::string(limits::modular_stream_waiting, 'x'));
    EXPECT_FALSE(stream.wants_input());
    EXPECT_EQ(stream.finish(), Result<bool>(false));
    EXPECT_TRUE(stream.wants_input()) << "the answer is behind what nobody reads";
    put(continued, "more");
    EXPECT_EQ(read(), "");
    EXPECT_EQ(write("late"), 4u);
    EXPECT_EQ(heard()->header.status, ok);
    EXPECT_FALSE(heard());
    put(ok);
    EXPECT_EQ(stream.finish(), Result<bool>(true));
}

TEST_F(RelayedStreamTest, DropsWhatIsOfAnotherCall) {
    auto other = call;
    other.serial += 1;
    other.type = MessageType::stream;
    other.status = continued;
    say(other, {1});
    other.type = MessageType::reply;
    say(other, {1});
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(stream.over());
}

TEST_F(RelayedStreamTest, TakesNoMoreThanMayWaitForTheDaemon) {
    const std::string all(4 * limits::modular_stream_waiting, 'x');
    const auto taken = write(all);
    EXPECT_GE(taken, limits::modular_stream_waiting - limits::modular_stream_chunk);
    EXPECT_LE(taken, limits::modular_stream_waiting + limits::modular_stream_chunk);
    EXPECT_EQ(write(all), 0u);
    while (const auto piece = heard())
        EXPECT_LE(piece->payload.size(), limits::modular_stream_chunk);
    EXPECT_GT(write(all), 0u);
}

TEST_F(RelayedStreamTest, WantsNoMoreThanMayWaitForTheClient) {
    std::size_t waiting = 0;
    const std::string piece(limits::modular_stream_chunk, 'x');
    for (; stream.wants_input() && waiting < 4 * limits::modular_stream_waiting; waiting += piece.size())
        put(continued, piece);
    EXPECT_EQ(waiting, limits::modular_stream_waiting);
    EXPECT_EQ(stream.read(1).value().bytes.size(), 1u);
    EXPECT_TRUE(stream.wants_input());
}

TEST_F(RelayedStreamTest, KnowsWhetherItIsTheDaemonsTurn) {
    EXPECT_TRUE(Relayed().stream.waits_for_daemon()) << "it has not answered the call";
    EXPECT_FALSE(stream.waits_for_daemon());
    write("abc");
    EXPECT_TRUE(stream.waits_for_daemon()) << "it has not taken what was sent";
    heard();
    EXPECT_FALSE(stream.waits_for_daemon());
    EXPECT_TRUE(stream.finish().has_value());
    heard();
    EXPECT_TRUE(stream.waits_for_daemon()) << "it has not answered the finish";
}

RC_GTEST_PROP(RelayedStream, WhatIsUploadedArrivesWholeAndInOrderHoweverLittleTheSocketTakes, ()) {
    Relayed relayed;
    relayed.reply(relayed.call, {});
    std::string sent;
    std::string arrived;
    const auto arrive = [&](std::size_t bytes) {
        relayed.take(bytes);
        while (const auto packet = relayed.framer.next().value())
            arrived += as_text(packet->payload);
    };
    for (const auto& part :
         *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>())) {
        const auto long_part = part + std::string(*rc::gen::inRange<std::size_t>(0, 100'000), 'x');
        sent += long_part.substr(0, relayed.write(long_part));
        arrive(*rc::gen::inRange<std::size_t>(0, 60'000));
        RC_ASSERT(relayed.stream.output().size() <
                  limits::modular_stream_waiting + 2 * limits::modular_stream_chunk);
    }
    arrive(relayed.stream.output().size());
    RC_ASSERT(arrived == sent);
}

RC_GTEST_PROP(RelayedStream, WhatIsDownloadedArrivesWholeAndInOrderHoweverLittleIsReadAtATime, ()) {
    Relayed relayed;
    relayed.reply(relayed.call, {});
    std::string sent;
    std::string arrived;
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(
             rc::gen::nonEmpty(rc::gen::arbitrary<std::string>()))) {
        relayed.put(MessageStatus::continued, part);
        sent += part;
        const auto portion = relayed.stream.read(*rc::gen::inRange<std::size_t>(1, 100));
        arrived += as_text(portion->bytes);
    }
    relayed.put(MessageStatus::continued);
    relayed.put(MessageStatus::ok);
    arrived += relayed.read();
    RC_ASSERT(arrived == sent);
    RC_ASSERT(relayed.at_end());
}

}  // namespace
}  // namespace virtlight::libvirt
