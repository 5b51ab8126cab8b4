// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/streams.hpp"

#include <algorithm>
#include <deque>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/limits.hpp"
#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {
namespace {

using enum MessageStatus;

std::string text_of(View bytes) {
    return {bytes.begin(), bytes.end()};
}

/// What a test has stand behind a stream; it outlives the end that the stream owns.
struct Device {
    std::string output;  ///< what the client is still to read
    std::string input;   ///< what came from it
    std::size_t room = limits::stream_input;
    bool passed_on = true;
    bool ended = false;
    bool holds_client = false;
    std::optional<Error> failure;
    std::optional<Error> bad_end;
    bool open = true;
};

class DeviceEnd final : public StreamEnd {
 public:
    explicit DeviceEnd(Device& device) : device_(device) {}
    ~DeviceEnd() override { device_.open = false; }
    DeviceEnd(const DeviceEnd&) = delete;
    DeviceEnd& operator=(const DeviceEnd&) = delete;

    Result<Portion> read(std::size_t max) override {
        if (device_.failure) return std::unexpected(*device_.failure);
        given_ = device_.output.substr(0, max);
        device_.output.erase(0, given_.size());
        return Portion{{reinterpret_cast<const std::uint8_t*>(given_.data()), given_.size()},
                       given_.empty() && device_.ended};
    }
    Result<std::size_t> write(View bytes) override {
        if (device_.failure) return std::unexpected(*device_.failure);
        const auto taken = std::min(bytes.size(), device_.room);
        device_.room -= taken;
        device_.input += text_of(bytes.first(taken));
        return taken;
    }
    Result<bool> finish() override {
        if (device_.bad_end) return std::unexpected(*device_.bad_end);
        return device_.passed_on;
    }
    bool holds_client() const override { return device_.holds_client; }

 private:
    Device& device_;
    std::string given_;
};

struct StreamsTest : testing::Test {
    void open(Device& behind, std::uint32_t serial = 7) {
        streams.open({.program = program::remote, .procedure = 201, .serial = serial},
                     std::make_unique<DeviceEnd>(behind));
    }
    void receive(MessageStatus status, std::string_view text = {}, std::uint32_t serial = 7,
                 MessageType type = MessageType::stream) {
        const Bytes payload(text.begin(), text.end());
        streams.receive(
            {{.program = program::remote, .procedure = 201, .type = type, .serial = serial, .status = status},
             payload});
    }
    /// All that is ready now: "data hello", "end", "ok" or "error ...".
    std::vector<std::string> told() {
        std::vector<std::string> all;
        while (const auto message = streams.next()) {
            EXPECT_EQ(message->header.type, MessageType::stream);
            EXPECT_EQ(message->header.procedure, 201);
            const auto text = text_of(message->payload);
            switch (message->header.status) {
                case continued: all.push_back(text.empty() ? "end" : "data " + text); break;
                case ok: all.push_back("ok"); break;
                case error: all.push_back("error " + *decode<WireError>(message->payload)->message); break;
            }
        }
        return all;
    }

    Device device;
    Device other;
    Streams streams;  // goes first, as its ends use the devices
};

using Told = std::vector<std::string>;

TEST_F(StreamsTest, PassOnWhatComesBeforeTheMessageBehindIt) {
    open(device);
    receive(continued, "all of it");
    EXPECT_EQ(device.input, "all of it");
    receive(MessageStatus::error);
    EXPECT_EQ(device.input, "all of it");
    EXPECT_FALSE(device.open);
}

TEST_F(StreamsTest, CarryBytesBothWays) {
    device.output = "hello";
    open(device);
    receive(continued, "ls\n");
    EXPECT_EQ(told(), Told{"data hello"});
    EXPECT_EQ(device.input, "ls\n");
    EXPECT_EQ(told(), Told{});
    device.output = "more";
    EXPECT_EQ(told(), Told{"data more"});
}

TEST_F(StreamsTest, CutWhatIsLongIntoMessages) {
    device.output = std::string(limits::stream_chunk + 1, 'x');
    open(device);
    const auto all = told();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].size(), std::string("data ").size() + limits::stream_chunk);
    EXPECT_EQ(all[1], "data x");
}

TEST_F(StreamsTest, AnswerAFinishOnceAndForgetTheStream) {
    open(device);
    receive(ok);
    EXPECT_EQ(told(), Told{"ok"});
    EXPECT_EQ(streams.size(), 0u);
    EXPECT_FALSE(device.open);
    receive(continued, "late");
    receive(ok);
    EXPECT_EQ(told(), Told{});
    EXPECT_EQ(device.input, "");
}

TEST_F(StreamsTest, AFinishWaitsUntilTheInputBeforeItIsTaken) {
    device.room = 2;
    open(device);
    receive(continued, "abcd");
    receive(ok);
    EXPECT_EQ(told(), Told{});
    device.room = 2;
    EXPECT_EQ(told(), Told{"ok"});
    EXPECT_EQ(device.input, "abcd");
}

TEST_F(StreamsTest, AFinishWaitsUntilTheGuestHasWhatWasTaken) {
    device.passed_on = false;
    open(device);
    receive(continued, "abcd");
    receive(ok);
    EXPECT_EQ(device.input, "abcd");
    EXPECT_EQ(told(), Told{});
    EXPECT_TRUE(device.open);
    device.passed_on = true;
    EXPECT_EQ(told(), Told{"ok"});
    EXPECT_FALSE(device.open);
}

TEST_F(StreamsTest, AFinishDoesNotWaitForWhatAGuestThatHasEndedCannotGet) {
    device.passed_on = false;
    device.ended = true;
    open(device);
    EXPECT_EQ(told(), Told{"end"});
    receive(ok);
    EXPECT_EQ(told(), Told{"ok"});
}

TEST_F(StreamsTest, AnAbortWaitsForNothing) {
    device.room = 0;
    device.passed_on = false;
    device.output = "unread";
    open(device);
    receive(continued, "untaken");
    receive(error);
    EXPECT_FALSE(device.open);
    EXPECT_EQ(told(), Told{"ok"});
    EXPECT_EQ(streams.size(), 0u);
}

TEST_F(StreamsTest, AnAbortEndsAFinishThatWaitsForAGuestWhichTakesNothing) {
    device.room = 0;
    open(device);
    receive(continued, "never taken");
    receive(ok);
    EXPECT_EQ(told(), Told{});
    receive(MessageStatus::error);
    EXPECT_EQ(told(), Told{"ok"});
    EXPECT_FALSE(device.open);
    EXPECT_EQ(streams.size(), 0u);
}

TEST_F(StreamsTest, TellTheEndOnceAndTakeNoMoreInput) {
    device.output = "bye";
    device.ended = true;
    open(device);
    EXPECT_EQ(told(), (Told{"data bye", "end"}));
    receive(continued, "anybody?");
    EXPECT_EQ(told(), Told{});
    EXPECT_EQ(device.input, "");
    receive(ok);
    EXPECT_EQ(told(), Told{"ok"});
}

TEST_F(StreamsTest, HoldNothingOfOneWhoseEndIsTold) {
    device.room = 0;
    open(device);
    receive(continued, "untaken");
    device.ended = true;
    EXPECT_EQ(streams.size(), 1u);
    EXPECT_EQ(told(), Told{"end"});
    EXPECT_FALSE(device.open);
    EXPECT_EQ(streams.size(), 0u) << "another one may be opened";
    receive(continued, "anybody?");
    EXPECT_EQ(told(), Told{});
    receive(error);
    EXPECT_EQ(told(), Told{"ok"});
    receive(ok);
    EXPECT_EQ(told(), Told{}) << "it is answered once";
}

TEST_F(StreamsTest, OpenOneWithTheNumberOfOneWhoseEndIsTold) {
    device.ended = true;
    open(device);
    EXPECT_EQ(told(), Told{"end"});
    other.output = "hello";
    open(other);
    EXPECT_EQ(streams.size(), 1u);
    EXPECT_EQ(told(), Told{"data hello"});
}

TEST_F(StreamsTest, RememberOfThoseWhoseEndIsToldTheLatest) {
    device.ended = true;
    constexpr std::uint32_t all = limits::ended_streams + 1;
    for (std::uint32_t serial = 1; serial <= all; ++serial) {
        open(device, serial);
        EXPECT_EQ(told(), Told{"end"});
    }
    EXPECT_EQ(streams.size(), 0u);
    receive(ok, "", 1);
    EXPECT_EQ(told(), Told{}) << "it is forgotten";
    for (std::uint32_t serial = 2; serial <= all; ++serial) {
        receive(ok, "", serial);
        EXPECT_EQ(told(), Told{"ok"});
    }
}

TEST_F(StreamsTest, AFailureIsToldAndEndsTheStream) {
    open(device);
    device.failure = Error{Reason::operation_failed, "another one took it"};
    EXPECT_EQ(told(), Told{"error operation failed: another one took it"});
    EXPECT_EQ(streams.size(), 0u);
    receive(ok);
    EXPECT_EQ(told(), Told{});
}

TEST_F(StreamsTest, EndOneThatSendsMoreThanMayWait) {
    device.room = 0;
    open(device);
    receive(continued, std::string(limits::stream_input, 'x'));
    EXPECT_EQ(told(), Told{});
    receive(continued, "x");
    const auto all = told();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_THAT(all[0], testing::HasSubstr("does not take its input"));
    EXPECT_FALSE(device.open);
}

TEST_F(StreamsTest, HoldAClientInsteadWhileAnEndThatWantsItSoHasNotTakenAll) {
    device.holds_client = true;
    device.room = 2;
    open(device);
    EXPECT_FALSE(streams.hold_client());
    receive(continued, "ab");
    EXPECT_FALSE(streams.hold_client());
    receive(continued, std::string(2 * limits::stream_input, 'x'));
    EXPECT_TRUE(streams.hold_client());
    device.room = limits::stream_input;
    EXPECT_EQ(told(), Told{});
    EXPECT_TRUE(streams.hold_client());
    device.room = limits::stream_input;
    EXPECT_EQ(told(), Told{});
    EXPECT_FALSE(streams.hold_client());
    EXPECT_EQ(device.input, "ab" + std::string(2 * limits::stream_input, 'x'));
}

TEST_F(StreamsTest, HoldNoClientForOneThatIsNoMore) {
    device.holds_client = true;
    device.room = 0;
    open(device);
    receive(continued, "untaken");
    EXPECT_TRUE(streams.hold_client());
    device.failure = Error{Reason::io, "No space left on device"};
    EXPECT_EQ(told(), Told{"error No space left on device"});
    EXPECT_FALSE(streams.hold_client());
}

TEST_F(StreamsTest, HoldNoClientForTheInputOfAGuest) {
    device.room = 0;
    open(device);
    receive(continued, "untaken");
    EXPECT_FALSE(streams.hold_client());
}

TEST_F(StreamsTest, TellWhyAFinishFails) {
    device.passed_on = false;
    open(device);
    receive(ok);
    EXPECT_EQ(told(), Told{});
    device.bad_end = Error{Reason::io, "Input/output error"};
    EXPECT_EQ(told(), Told{"error Input/output error"});
    EXPECT_EQ(streams.size(), 0u);
}

TEST_F(StreamsTest, RefuseHoles) {
    open(device);
    receive(continued, "", 7, MessageType::stream_hole);
    EXPECT_EQ(told(), Told{"error Unexpected stream hole"});
}

TEST_F(StreamsTest, PacketsOfUnknownStreamsAreDropped) {
    open(device);
    receive(continued, "lost", 8);
    streams.receive({{.program = program::remote,
                      .procedure = 296,
                      .type = MessageType::stream,
                      .serial = 7,
                      .status = ok},
                     {}});
    EXPECT_EQ(told(), Told{});
    EXPECT_EQ(streams.size(), 1u);
    EXPECT_EQ(device.input, "");
}

TEST_F(StreamsTest, TakeTurns) {
    device.output = std::string(4 * limits::stream_chunk, 'a');
    other.output = std::string(4 * limits::stream_chunk, 'b');
    open(device, 1);
    open(other, 2);
    std::string order;
    while (const auto message = streams.next())
        order += static_cast<char>(message->payload.front());
    EXPECT_EQ(order, "abababab");
}

RC_GTEST_PROP(Streams, InputArrivesWholeAndInOrderHoweverLittleIsTakenAtATime, ()) {
    Device device;
    device.room = 0;
    Streams streams;
    const Header header{
        .program = program::remote, .procedure = 201, .type = MessageType::stream, .serial = 1};
    streams.open(header, std::make_unique<DeviceEnd>(device));
    std::string sent;
    for (const auto& part :
         *rc::gen::container<std::vector<std::string>>(rc::gen::arbitrary<std::string>())) {
        auto packet = header;
        packet.status = continued;
        const Bytes payload(part.begin(), part.end());
        streams.receive({packet, payload});
        sent += part;
        device.room = *rc::gen::inRange<std::size_t>(0, 8);
        while (streams.next()) {
        }
    }
    device.room = sent.size();
    auto packet = header;
    packet.status = ok;
    streams.receive({packet, {}});
    const auto last = streams.next();
    RC_ASSERT(last.has_value());
    RC_ASSERT(last->header.status == ok);
    RC_ASSERT(device.input == sent);
}

}  // namespace
}  // namespace virtlight::libvirt
