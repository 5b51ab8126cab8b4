// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/bytes_stream.hpp"
#include "libvirt/session_test.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

// Keepalive

TEST_F(SessionTest, DoesNotAskForSignsOfLifeUnlessTheClientKnowsThem) {
    open();
    pass(std::chrono::hours(1));
    EXPECT_TRUE(session.output().empty());
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, AsksForASignOfLifeAfterEachIntervalOfSilence) {
    open();
    session.start_keepalive();
    pass(limits::keepalive_interval - milliseconds(1));
    EXPECT_TRUE(session.output().empty());
    pass(milliseconds(1));
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 1);
    EXPECT_EQ(sent[0].header, ping());
    pass(limits::keepalive_interval);
    EXPECT_EQ(take_output().size(), 1);
}

TEST_F(SessionTest, EndsWhenTheLastQuestionIsNotAnswered) {
    open();
    session.start_keepalive();
    for (int i = 0; i < limits::keepalive_count; ++i) {
        pass(limits::keepalive_interval);
        EXPECT_EQ(take_output().size(), 1);
    }
    EXPECT_FALSE(session.ended());
    pass(limits::keepalive_interval);
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("sign of life"));
}

TEST_F(SessionTest, GivesEachQuestionItsIntervalAlsoAfterAWhileInWhichItHasNotRun) {
    open();
    session.start_keepalive();
    now += std::chrono::hours(1);
    while (session.deadline() <= now && !session.ended())
        session.tick(now);
    EXPECT_FALSE(session.ended()) << session.end_reason();
    EXPECT_EQ(take_output().size(), 1);
    auto pong = ping();
    pong.procedure = keepalive::pong;
    EXPECT_FALSE(call(pong));
    pass(silence_borne);
    EXPECT_EQ(take_output().size(), limits::keepalive_count);
    EXPECT_FALSE(session.ended()) << session.end_reason();
}

TEST_F(SessionTest, TakesAnythingThatComesForASignOfLife) {
    open();
    session.start_keepalive();
    for (int i = 0; i < 3 * limits::keepalive_count; ++i) {
        pass(limits::keepalive_interval);
        EXPECT_EQ(take_output().size(), 1);
        auto pong = ping();
        pong.procedure = keepalive::pong;
        EXPECT_FALSE(call(pong));
    }
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, TakesSlowReadingForASignOfLifeWhileItListensToNothingElse) {
    open();
    session.start_keepalive();
    session.reply(call(get_hostname)->id, Bytes(2 * limits::output_pause));
    read_slowly(10 * silence_borne);
    EXPECT_FALSE(session.ended()) << session.end_reason();

    pass(silence_borne);
    session.sent(session.output().size(), now);
    EXPECT_TRUE(session.wants_input());
    pass(silence_borne);
    EXPECT_FALSE(session.ended()) << "it has listened again for no longer than that";
    pass(limits::keepalive_interval);
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("sign of life"));
}

TEST_F(SessionTest, LetsAClientThatHasSaidGoodByeReadSlowly) {
    open();
    session.start_keepalive();
    session.reply(call(get_hostname)->id, Bytes(limits::output_pause / 2));
    session.close();
    read_slowly(10 * silence_borne);
    EXPECT_FALSE(session.ended()) << session.end_reason();
    session.sent(session.output().size(), now);
    EXPECT_TRUE(session.ended());
    EXPECT_TRUE(session.end_reason().empty());
}

TEST_F(SessionTest, EndsWhenAClientThatItDoesNotListenToTakesNothingEither) {
    open();
    session.start_keepalive();
    session.reply(call(get_hostname)->id, Bytes(2 * limits::output_pause));
    session.sent(0, now);
    pass(silence_borne);
    session.sent(0, now);
    EXPECT_FALSE(session.ended());
    pass(limits::keepalive_interval);
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("sign of life"));
}

TEST_F(SessionTest, AsksAClientThatItListensToForMoreThanThatItReads) {
    open();
    session.start_keepalive();
    session.reply(call(get_hostname)->id, Bytes(limits::output_pause / 2));
    read_slowly(2 * silence_borne);
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("sign of life"));
}

// Other waits

TEST_F(SessionTest, EndsIfTheClientDoesNotOpenInTime) {
    pass(limits::open_wait - milliseconds(1));
    EXPECT_FALSE(session.ended());
    pass(milliseconds(1));
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, EndsIfTheRestOfAMessageDoesNotCome) {
    open();
    Bytes bytes;
    append_packet(bytes, header_of(get_hostname), {});
    session.receive(View(bytes).first(13), now);
    EXPECT_FALSE(session.next_call());
    pass(limits::rest_wait - milliseconds(1));
    session.receive(View(bytes).subspan(13, 1), now);
    EXPECT_FALSE(session.next_call());
    pass(limits::rest_wait - milliseconds(1));
    EXPECT_FALSE(session.ended());
    pass(milliseconds(1));
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, TakesNoWholeMessageThatWaitedForTheRestOfOneHoweverLateItsTurnComes) {
    open();
    receive(header_of(get_hostname, 1));
    receive(header_of(get_hostname, 2));
    session.reply(session.next_call()->id, Bytes(2 * limits::output_pause));
    EXPECT_FALSE(session.next_call());
    read_slowly(2 * limits::rest_wait);
    session.sent(session.output().size(), now);
    pass(2 * limits::rest_wait);
    EXPECT_FALSE(session.ended()) << session.end_reason();
    const auto second = session.next_call();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->header.serial, 2);
}

TEST_F(SessionTest, WaitsForTheRestOfAMessageFromWhenItListensAgain) {
    open();
    Bytes bytes;
    append_packet(bytes, header_of(get_hostname, 1), {});
    append_packet(bytes, header_of(get_hostname, 2), {});
    bytes.resize(bytes.size() + 3);
    session.receive(bytes, now);
    session.reply(session.next_call()->id, Bytes(2 * limits::output_pause));
    read_slowly(2 * limits::rest_wait);
    session.sent(session.output().size(), now);
    EXPECT_TRUE(session.next_call());
    EXPECT_FALSE(session.next_call());
    pass(limits::rest_wait - milliseconds(1));
    EXPECT_FALSE(session.ended()) << session.end_reason();
    pass(milliseconds(1));
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("the rest of a message"));
}

TEST_F(SessionTest, EndsIfTheClientStopsReading) {
    open();
    session.send_event(318, Bytes(2 * limits::stream_output));
    session.sent(0, now);
    pass(limits::read_wait - milliseconds(1));
    session.sent(1, now);
    pass(limits::read_wait - milliseconds(1));
    EXPECT_FALSE(session.ended());
    pass(milliseconds(1));
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, WaitsForAsLongAsItTakesForAViewerWhoDoesNotReadOn) {
    open();
    session.send_event(318, Bytes(limits::stream_output + limits::stream_chunk));
    session.sent(0, now);
    pass(2 * limits::read_wait);
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, MakesNoMoreReadyThanIsWaitedForWithAViewerWhoDoesNotReadOn) {
    open();
    session.streams().open(header_of(get_hostname),
                           std::make_unique<BytesStream>(std::string(4 * limits::stream_output, 'x')));
    EXPECT_TRUE(session.send_streams(now));
    EXPECT_LE(session.output().size(), limits::stream_output);
    EXPECT_GT(session.output().size(), limits::stream_output / 2);
    session.sent(0, now);
    pass(2 * limits::read_wait);
    EXPECT_FALSE(session.ended());
}

// Streams that have their client wait

/// Takes what it has room for, and has its client wait with the rest.
class NarrowEnd final : public StreamEnd {
 public:
    explicit NarrowEnd(std::size_t& room) : room_(room) {}

    Result<Portion> read(std::size_t) override { return Portion(); }
    Result<std::size_t> write(View bytes) override {
        const auto taken = std::min(bytes.size(), room_);
        room_ -= taken;
        return taken;
    }
    bool holds_client() const override { return true; }

 private:
    std::size_t& room_;
};

/// A client that has sent more into a stream than what is behind it takes.
class HeldSessionTest : public SessionTest {
 protected:
    HeldSessionTest() {
        open();
        session.streams().open(header_of(upload, 7), std::make_unique<NarrowEnd>(room));
        auto header = header_of(upload, 7);
        header.type = MessageType::stream;
        header.status = MessageStatus::continued;
        EXPECT_FALSE(call(header, Bytes(3)));
    }
    void take_all() {
        room = 3;
        EXPECT_FALSE(session.send_streams(now));
    }

    static constexpr std::int32_t upload = 208;
    std::size_t room = 2;
};

TEST_F(HeldSessionTest, IsReadFromNoFurther) {
    EXPECT_FALSE(session.wants_input());
    EXPECT_FALSE(session.send_streams(now));
    EXPECT_FALSE(session.wants_input());
}

TEST_F(HeldSessionTest, HasItsNextCallsPerformedWhenAllIsTaken) {
    EXPECT_FALSE(call(get_hostname));
    take_all();
    EXPECT_TRUE(session.wants_input());
    const auto next = session.next_call();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->header.procedure, get_hostname);
}

TEST_F(HeldSessionTest, IsToldOfEventsMeanwhile) {
    session.send_event(318, Bytes(4));
    EXPECT_EQ(take_output().size(), 1u);
}

TEST_F(HeldSessionTest, GetsSignsOfLifeAndIsExpectedToGiveNone) {
    session.start_keepalive();
    for (int i = 0; i < 10 * limits::keepalive_count; ++i) {
        pass(limits::keepalive_interval);
        EXPECT_EQ(take_output().size(), 1u);
    }
    EXPECT_FALSE(session.ended());
    take_all();
    pass(silence_borne);
    EXPECT_FALSE(session.ended()) << "it has as long as any";
    pass(limits::keepalive_interval);
    EXPECT_TRUE(session.ended());
}

TEST_F(HeldSessionTest, MaySendTheRestOfAMessageAfterwards) {
    Bytes bytes;
    append_packet(bytes, header_of(get_hostname), {});
    session.receive(View(bytes).first(bytes.size() - 1), now);
    EXPECT_FALSE(session.next_call());
    pass(2 * limits::rest_wait);
    take_all();
    EXPECT_FALSE(session.next_call());
    pass(limits::rest_wait - milliseconds(1));
    EXPECT_FALSE(session.ended());
    pass(milliseconds(1));
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, HasNothingToWaitForWhenAllIsQuiet) {
    open();
    const auto handed = call(get_hostname);
    session.reply(handed->id, Bytes(100));
    session.sent(session.output().size(), now);
    EXPECT_EQ(session.deadline(), Time::max());
}

}  // namespace
}  // namespace virtlight::libvirt
