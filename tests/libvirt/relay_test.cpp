// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/relay.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/error.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

/// A relay without a socket, and the daemon at its other end.
class RelayTest : public testing::Test {
 protected:
    static constexpr std::int32_t connect_open = 1;
    static constexpr std::int32_t auth_list = 66;
    static constexpr std::int32_t list_pools = 281;

    struct Sent {
        Header header;
        Bytes payload;
    };

    /// What the relay has sent since.
    std::vector<Sent> take_output() {
        Framer framer;
        framer.add(relay.output());
        relay.sent(relay.output().size());
        std::vector<Sent> sent;
        for (auto packet = framer.next(); packet && *packet; packet = framer.next())
            sent.push_back({(*packet)->header, Bytes((*packet)->payload.begin(), (*packet)->payload.end())});
        return sent;
    }
    void reply(Header header, const Bytes& payload, MessageStatus status = MessageStatus::ok) {
        header.type = MessageType::reply;
        header.status = status;
        Bytes packet;
        append_packet(packet, header, payload);
        relay.receive(packet);
    }
    bool has_nothing_to_tell() {
        const auto told = relay.next();
        return told && !*told;
    }
    /// As a daemon that asks for no authentication.
    void let_in() {
        reply(take_output().at(0).header, *encode(std::vector<std::int32_t>{0}));
        EXPECT_TRUE(has_nothing_to_tell());
        reply(take_output().at(0).header, {});
        EXPECT_TRUE(has_nothing_to_tell());
    }

    Relay relay{"storage:///system", false};
};

TEST_F(RelayTest, OpensItselfBeforeItAsksAnything) {
    const auto asked = relay.ask(list_pools, Bytes{0, 0, 0, 1});
    auto sent = take_output();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].header.procedure, auth_list);
    reply(sent[0].header, *encode(std::vector<std::int32_t>{2, 0}));
    EXPECT_TRUE(has_nothing_to_tell());
    sent = take_output();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].header.procedure, connect_open);
    EXPECT_EQ(decode<OpenArgs>(sent[0].payload), (OpenArgs{.uri = "storage:///system"}));
    reply(sent[0].header, {});
    EXPECT_TRUE(has_nothing_to_tell());
    sent = take_output();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].header.procedure, list_pools);
    EXPECT_EQ(sent[0].header.serial, asked);
    EXPECT_EQ(sent[0].payload, (Bytes{0, 0, 0, 1}));
}

TEST_F(RelayTest, OpensItselfReadOnlyForThoseWhoMayOnlyLook) {
    relay = Relay("storage:///system", true);
    reply(take_output().at(0).header, *encode(std::vector<std::int32_t>{0}));
    EXPECT_TRUE(has_nothing_to_tell());
    EXPECT_EQ(decode<OpenArgs>(take_output().at(0).payload)->flags, 1u);
}

TEST_F(RelayTest, TellsAnswersInTheOrderInWhichTheyCome) {
    let_in();
    const auto first = relay.ask(list_pools, {});
    const auto second = relay.ask(list_pools, {});
    const auto sent = take_output();
    reply(sent.at(1).header, {2});
    reply(sent.at(0).header, {1});
    auto told = relay.next();
    EXPECT_EQ((*told)->serial, second);
    EXPECT_EQ((*told)->answer.bytes, Bytes{2});
    told = relay.next();
    EXPECT_EQ((*told)->serial, first);
    EXPECT_EQ((*told)->answer.bytes, Bytes{1});
    EXPECT_TRUE(has_nothing_to_tell());
}

TEST_F(RelayTest, TellsARefusalAsItStands) {
    let_in();
    relay.ask(list_pools, {});
    const auto error = *encode(to_wire({Reason::no_storage_pool, "no storage pool with matching name 'x'"}));
    reply(take_output().at(0).header, error, MessageStatus::error);
    const auto told = relay.next();
    EXPECT_TRUE((*told)->answer.refused);
    EXPECT_EQ((*told)->answer.bytes, error);
}

TEST_F(RelayTest, IsOfNoUseWhereItIsNotLetIn) {
    reply(take_output().at(0).header, *encode(std::vector<std::int32_t>{1, 2}));
    EXPECT_THAT(relay.next().error().message, HasSubstr("a way of authentication that is not known here"));

    relay = Relay("storage:///system", false);
    reply(take_output().at(0).header, *encode(std::vector<std::int32_t>{0}));
    EXPECT_TRUE(has_nothing_to_tell());
    reply(take_output().at(0).header, *encode(to_wire({Reason::no_support, "no connection driver"})),
          MessageStatus::error);
    EXPECT_EQ(relay.next().error(), (Error{Reason::no_support, "no connection driver"}));
}

TEST_F(RelayTest, IsOfNoUseWhereNothingCanBeRead) {
    relay.receive(Bytes(64, 0xff));
    EXPECT_EQ(relay.next().error().reason, Reason::protocol);
}

TEST_F(RelayTest, GivesSignsOfLifeAndKeepsWhatIsToldUnasked) {
    let_in();
    Bytes packets;
    append_packet(packets,
                  {.program = program::keepalive, .procedure = keepalive::ping, .type = MessageType::message},
                  {});
    append_packet(packets, {.program = program::remote, .procedure = 370, .type = MessageType::message},
                  Bytes{0, 0, 0, 7});
    relay.receive(packets);
    EXPECT_TRUE(has_nothing_to_tell());
    const auto messages = relay.take_messages();
    ASSERT_EQ(messages.size(), 1u);
    EXPECT_EQ(messages[0].procedure, 370);
    EXPECT_EQ(messages[0].payload, (Bytes{0, 0, 0, 7}));
    EXPECT_TRUE(relay.take_messages().empty());
    const auto sent = take_output();
    ASSERT_EQ(sent.size(), 1u);
    EXPECT_EQ(sent[0].header.program, program::keepalive);
    EXPECT_EQ(sent[0].header.procedure, keepalive::pong);
}

}  // namespace
}  // namespace virtlight::libvirt
