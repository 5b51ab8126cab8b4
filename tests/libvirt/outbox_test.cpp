// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/outbox.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::libvirt {
namespace {

constexpr Header answer_header{.type = MessageType::reply};
constexpr Header event_header{.type = MessageType::message};
constexpr auto packet_frame = length_bytes + header_bytes;

TEST(Outboxes, TakeAnswersAndAllElseUpToABoundEach) {
    Outbox outbox;
    EXPECT_TRUE(outbox.put(event_header, Bytes(limits::output_bytes - packet_frame)));
    EXPECT_FALSE(outbox.put(event_header, {}));
    EXPECT_TRUE(outbox.put(answer_header, Bytes(limits::answer_bytes - packet_frame)));
    EXPECT_FALSE(outbox.put(answer_header, {}));
    EXPECT_EQ(outbox.bytes().size(), limits::output_bytes + limits::answer_bytes);
}

TEST(Outboxes, HaveRoomAgainOfTheKindThatWasSent) {
    Outbox outbox;
    ASSERT_TRUE(outbox.put(event_header, Bytes(limits::output_bytes - packet_frame)));
    ASSERT_TRUE(outbox.put(answer_header, Bytes(limits::answer_bytes - packet_frame)));
    outbox.sent(packet_frame);
    EXPECT_FALSE(outbox.put(answer_header, {}));
    EXPECT_TRUE(outbox.put(event_header, {}));
    EXPECT_FALSE(outbox.put(event_header, {}));
}

TEST(Outboxes, GiveEveryByteOnceInItsOrder) {
    Outbox outbox;
    Bytes all;
    Bytes given;
    for (std::uint8_t i = 0; i < 100; ++i) {
        const Bytes payload(i, i);
        append_packet(all, event_header, payload);
        ASSERT_TRUE(outbox.put(event_header, payload));
        const auto taken = outbox.bytes().first(outbox.bytes().size() / 2);
        given.insert(given.end(), taken.begin(), taken.end());
        outbox.sent(taken.size());
    }
    given.insert(given.end(), outbox.bytes().begin(), outbox.bytes().end());
    outbox.sent(outbox.bytes().size());
    EXPECT_EQ(given, all);
    EXPECT_TRUE(outbox.bytes().empty());
}

}  // namespace
}  // namespace virtlight::libvirt
