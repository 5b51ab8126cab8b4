// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/session_test.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "libvirt/arbitrary_message.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Calls and answers

TEST_F(SessionTest, HandsOutACallWithItsArguments) {
    open();
    const auto handed = call(header_of(get_hostname), {1, 2, 3, 4});
    ASSERT_TRUE(handed);
    EXPECT_EQ(handed->procedure->function, "virConnectGetHostname");
    EXPECT_EQ(handed->payload, (Bytes{1, 2, 3, 4}));
    EXPECT_FALSE(session.next_call());
}

TEST_F(SessionTest, AnswersWithTheHeaderOfTheCall) {
    open();
    const auto handed = call(get_hostname, 42);
    session.reply(handed->id, Bytes{5, 6, 7, 8});
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 1);
    auto expected = header_of(get_hostname, 42);
    expected.type = MessageType::reply;
    EXPECT_EQ(sent[0].header, expected);
    EXPECT_EQ(sent[0].payload, (Bytes{5, 6, 7, 8}));
}

TEST_F(SessionTest, TakesAnswersInAnyOrderEvenIfACallerUsesASerialTwice) {
    open();
    const auto first = call(get_hostname, 7);
    const auto second = call(auth_list, 7);
    session.reply(second->id, Bytes{});
    session.reply(first->id, Bytes{});
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 2);
    EXPECT_EQ(sent[0].header.procedure, auth_list);
    EXPECT_EQ(sent[1].header.procedure, get_hostname);
}

TEST_F(SessionTest, AnswersACallOnce) {
    open();
    const auto handed = call(get_hostname);
    session.reply(handed->id, Bytes{});
    session.reply(handed->id, Bytes{});
    session.reply(CallId{999}, Bytes{});
    EXPECT_EQ(take_output().size(), 1);
}

TEST_F(SessionTest, SendsWhatWentWrongAsAnError) {
    open();
    const auto handed = call(get_hostname, 3);
    session.reply(handed->id, fail(Reason::no_domain, "no domain with name 'x'"));
    const auto error = take_error();
    EXPECT_EQ(error.code, 42);
    EXPECT_EQ(error.message, "Domain not found: no domain with name 'x'");
}

TEST_F(SessionTest, SendsEventsUnasked) {
    session.send_event(318, Bytes{0, 0, 0, 1});
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 1);
    EXPECT_EQ(sent[0].header.type, MessageType::message);
    EXPECT_EQ(sent[0].header.program, program::remote);
    EXPECT_EQ(sent[0].header.procedure, 318);
}

// Refusals

TEST_F(SessionTest, LetsOnlyTheFirstStepsPassBeforeItIsOpen) {
    EXPECT_TRUE(call(auth_list));
    EXPECT_TRUE(call(supports_feature));
    EXPECT_TRUE(call(connect_open));
    EXPECT_FALSE(call(get_hostname));
    EXPECT_EQ(take_error().code, 55);
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, LetsAReadOnlyConnectionLookButNotTouch) {
    session.open(true);
    EXPECT_TRUE(call(get_hostname));
    EXPECT_FALSE(call(domain_create));
    const auto error = take_error();
    EXPECT_EQ(error.code, 29);
    EXPECT_EQ(error.message, "operation forbidden: read only access prevents virDomainCreate");
}

TEST_F(SessionTest, StaysReadOnlyOnAReadOnlySocketWhateverTheClientAsksFor) {
    session = Session(true, now);
    session.open(false);
    EXPECT_FALSE(call(domain_create));
}

TEST_F(SessionTest, RefusesAnUnknownProgramOrVersionAndGoesOn) {
    open();
    auto header = header_of(get_hostname);
    header.program = 0x12345678;
    EXPECT_FALSE(call(header));
    EXPECT_EQ(take_error().message, "Cannot find program 305419896 version 1");
    header = header_of(get_hostname);
    header.version = 2;
    EXPECT_FALSE(call(header));
    EXPECT_EQ(take_error().code, 39);
    EXPECT_TRUE(call(get_hostname));
}

TEST_F(SessionTest, CallsAnUnknownProcedureSoInTheWordsThatClientsLookFor) {
    open();
    for (const std::int32_t procedure : {0, -1, 107, 446, 454, 100000}) {
        EXPECT_FALSE(call(procedure));
        const auto error = take_error();
        EXPECT_EQ(error.code, 39);
        EXPECT_EQ(error.domain, 7);
        EXPECT_EQ(error.level, 2);
        EXPECT_THAT(*error.message, StartsWith("unknown procedure: "));
    }
}

TEST_F(SessionTest, NamesTheFunctionThatThisDaemonDoesNotHave) {
    open();
    EXPECT_FALSE(call(252));
    const auto error = take_error();
    EXPECT_EQ(error.code, 3);
    EXPECT_THAT(
        *error.message,
        HasSubstr(
            "not supported by the connection driver: virDomainSetBlockIoTune: disks are not throttled here"));
}

TEST_F(SessionTest, NamesTheFunctionsOfClientsThatAreNewerThanThisDaemonsLibvirt) {
    open();
    EXPECT_FALSE(call(448));
    const auto error = take_error();
    EXPECT_EQ(error.code, 3);
    EXPECT_THAT(*error.message, HasSubstr("virDomainGraphicsReload"));
}

TEST_F(SessionTest, HasNothingOfWhatOtherDriversHaveAlone) {
    open();
    for (const auto number : {program::qemu, program::lxc}) {
        auto header = header_of(1);
        header.program = number;
        EXPECT_FALSE(call(header));
        EXPECT_EQ(take_error().code, 3);
    }
}

TEST_F(SessionTest, RefusesACallWithTheStatusOfSomethingElse) {
    open();
    auto header = header_of(get_hostname);
    header.status = MessageStatus::continued;
    EXPECT_FALSE(call(header));
    EXPECT_EQ(take_error().code, 39);
}

TEST_F(SessionTest, IgnoresWhatIsNoCall) {
    open();
    for (const auto type : {MessageType::reply, MessageType::message, MessageType::stream,
                            MessageType::stream_hole, static_cast<MessageType>(77)}) {
        auto header = header_of(get_hostname);
        header.type = type;
        EXPECT_FALSE(call(header));
    }
    EXPECT_TRUE(session.output().empty());
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, EndsAtBytesThatAreNoPacket) {
    open();
    const std::string garbage = "GET / HTTP/1.1\r\n\r\n";
    session.receive(Bytes(garbage.begin(), garbage.end()), now);
    EXPECT_FALSE(session.next_call());
    EXPECT_TRUE(session.ended());
    EXPECT_FALSE(session.end_reason().empty());
}

// Bounds

TEST_F(SessionTest, RefusesOneCallTooManyAndStillAnswersPings) {
    open();
    std::vector<CallId> waiting;
    for (std::size_t i = 0; i < limits::calls_in_flight; ++i)
        waiting.push_back(call(domain_create)->id);
    EXPECT_FALSE(call(domain_create));
    EXPECT_THAT(*take_error().message, HasSubstr("128 calls of this connection are under way"));

    EXPECT_FALSE(call(ping()));
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 1);
    EXPECT_EQ(sent[0].header.procedure, keepalive::pong);

    session.reply(waiting[0], Bytes{});
    EXPECT_TRUE(call(domain_create));
}

TEST_F(SessionTest, BeginsNoCallWhileTheClientDoesNotReadAndGoesOnWhenItDoes) {
    open();
    const auto big = call(get_hostname);
    session.reply(big->id, Bytes(limits::output_pause));
    EXPECT_FALSE(session.wants_input());
    EXPECT_FALSE(call(get_hostname));
    session.sent(session.output().size(), now);
    EXPECT_TRUE(session.wants_input());
    EXPECT_TRUE(session.next_call());
}

TEST_F(SessionTest, EndsWhenTooMuchIsLeftUnread) {
    open();
    const Bytes event(limits::output_bytes / 4);
    for (int i = 0; i < 3; ++i)
        session.send_event(318, event);
    EXPECT_FALSE(session.ended());
    session.send_event(318, event);
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("unread"));
    EXPECT_LE(session.output().size(), limits::output_bytes);
}

TEST_F(SessionTest, SendsAnAnswerThatIsLongerThanWhatMayBeLeftUnread) {
    open();
    const Bytes event(limits::output_bytes / 4);
    for (int round = 0; round < 2; ++round) {
        const auto handed = call(get_hostname);
        session.reply(handed->id, Bytes(limits::wire_message - header_bytes));
        session.send_event(318, event);
        session.sent(session.output().size() / 2, now);
        EXPECT_FALSE(session.ended()) << session.end_reason();
        session.sent(session.output().size(), now);
    }
    session.send_event(318, Bytes(100));
    session.reply(call(get_hostname)->id, Bytes(limits::wire_message - header_bytes));
    EXPECT_FALSE(session.ended()) << "it comes behind what is unread";
}

TEST_F(SessionTest, SendsLongAnswersThatMeetUpToABoundOfTheirOwn) {
    open();
    constexpr std::size_t size = 4 * 1024 * 1024;
    constexpr std::size_t fit = limits::answer_bytes / (size + length_bytes + header_bytes);
    static_assert(fit * size > 2 * limits::output_bytes);
    std::vector<CallId> waiting;
    for (std::size_t i = 0; i < 2 * fit + 1; ++i)
        waiting.push_back(call(domain_create)->id);
    for (std::size_t i = 0; i < fit; ++i)
        session.reply(waiting[i], Bytes(size));
    session.send_event(318, Bytes(100));
    EXPECT_FALSE(session.ended()) << session.end_reason();
    EXPECT_EQ(take_output().size(), fit + 1);
    for (std::size_t i = fit; i < 2 * fit; ++i)
        session.reply(waiting[i], Bytes(size));
    EXPECT_FALSE(session.ended()) << "what was read counts no more";
    session.reply(waiting[2 * fit], Bytes(size));
    EXPECT_TRUE(session.ended());
    EXPECT_THAT(session.end_reason(), HasSubstr("unread"));
}

TEST_F(SessionTest, CountsWhatIsUnreadOfAnswersAndOfEventsByItself) {
    open();
    const Bytes event(limits::output_bytes / 4);
    const auto first = call(get_hostname);
    const auto second = call(get_hostname);
    for (int i = 0; i < 3; ++i)
        session.send_event(318, event);
    session.reply(first->id, Bytes(limits::output_bytes));
    session.sent(3 * (length_bytes + header_bytes + event.size()) + 1, now);
    session.reply(second->id, Bytes(limits::output_bytes));
    for (int i = 0; i < 3; ++i)
        session.send_event(318, event);
    EXPECT_FALSE(session.ended()) << session.end_reason();
    session.send_event(318, event);
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, StillCountsWhatIsLeftUnreadBehindALongAnswer) {
    open();
    session.reply(call(get_hostname)->id, Bytes(limits::output_bytes));
    const Bytes event(limits::output_bytes / 4);
    for (int i = 0; i < 3; ++i)
        session.send_event(318, event);
    EXPECT_FALSE(session.ended());
    session.send_event(318, event);
    EXPECT_TRUE(session.ended());
}

TEST_F(SessionTest, DoesNotCountWhatWasSentAsUnread) {
    const Bytes event(limits::output_bytes / 4);
    for (int i = 0; i < 40; ++i) {
        session.send_event(318, event);
        session.sent(event.size(), now);
    }
    EXPECT_FALSE(session.ended());
}

TEST_F(SessionTest, SendsEveryByteOnceHoweverItIsTaken) {
    Bytes expected;
    Bytes taken;
    for (std::uint8_t i = 0; i < 200; ++i) {
        const Bytes event(40000, i);
        append_packet(expected, {.program = program::remote, .procedure = 318, .type = MessageType::message},
                      event);
        session.send_event(318, event);
        const auto some = session.output().first(std::min<std::size_t>(session.output().size(), 39000));
        taken.insert(taken.end(), some.begin(), some.end());
        session.sent(some.size(), now);
    }
    taken.insert(taken.end(), session.output().begin(), session.output().end());
    EXPECT_EQ(taken, expected);
}

// The end

TEST_F(SessionTest, AnswersTheCallThatClosesAndThenEnds) {
    open();
    receive(header_of(connect_close));
    receive(header_of(get_hostname));
    const auto closing = session.next_call();
    session.close();
    session.reply(closing->id, Bytes{});
    EXPECT_FALSE(session.ended());
    EXPECT_FALSE(session.wants_input()) << "nobody would take it";
    EXPECT_FALSE(session.next_call());
    EXPECT_EQ(take_output().size(), 1);
    EXPECT_TRUE(session.ended());
    EXPECT_TRUE(session.end_reason().empty());
}

/// What a session does with a stream of bytes: the calls it hands out and the bytes it sends.
struct Course {
    std::vector<std::pair<std::uint32_t, Bytes>> calls;
    Bytes output;
    bool ended = false;

    bool operator==(const Course&) const = default;
};

Course course_of(View stream, const std::vector<std::size_t>& portions) {
    const Time now{std::chrono::hours(1)};
    Session session(false, now);
    session.open(false);
    Course course;
    for (std::size_t i = 0; !stream.empty() && !session.ended(); ++i) {
        const auto size =
            portions.empty() ? stream.size() : std::min(portions[i % portions.size()], stream.size());
        session.receive(stream.first(size), now);
        stream = stream.subspan(size);
        while (const auto call = session.next_call()) {
            course.calls.emplace_back(call->procedure->number, call->payload);
            session.reply(call->id, Bytes(4, 1));
        }
        course.output.insert(course.output.end(), session.output().begin(), session.output().end());
        session.sent(session.output().size(), now);
    }
    course.ended = session.ended();
    return course;
}

RC_GTEST_PROP(Session, DoesTheSameHoweverItsInputIsCut, ()) {
    Bytes stream;
    for (int n = *rc::gen::inRange(0, 12); n > 0; --n) {
        auto header = arbitrary::any<Header>();
        header.program = *rc::gen::element(program::remote, program::keepalive, program::qemu, 99u);
        header.version = *rc::gen::element(1u, 1u, 1u, 2u);
        header.procedure = *rc::gen::inRange(0, 70);
        append_packet(stream, header, *rc::gen::container<Bytes>(rc::gen::inRange<std::uint8_t>(0, 3)));
    }
    const auto whole = course_of(stream, {});
    RC_ASSERT(course_of(stream, {1}) == whole);
    RC_ASSERT(course_of(stream, *rc::gen::nonEmpty(rc::gen::container<std::vector<std::size_t>>(
                                    rc::gen::inRange<std::size_t>(1, 40)))) == whole);
}

RC_GTEST_PROP(Session, IsUnharmedByNoise, (const Bytes& noise, bool opened)) {
    const Time now{std::chrono::hours(1)};
    Session session(false, now);
    if (opened) session.open(false);
    session.receive(noise, now);
    while (const auto call = session.next_call())
        session.reply(call->id, Bytes());
    session.tick(session.deadline());
}

}  // namespace
}  // namespace virtlight::libvirt
