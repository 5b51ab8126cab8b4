// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/packet.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "libvirt/arbitrary_message.hpp"

namespace virtlight::libvirt {
namespace {

constexpr Header call_open{.program = program::remote, .procedure = 1, .serial = 7};

Bytes packet(const Header& header, const Bytes& payload = {}) {
    Bytes bytes;
    append_packet(bytes, header, payload);
    return bytes;
}

TEST(Packet, HasALengthThatCountsItselfAndAHeaderOfSixWords) {
    EXPECT_EQ(packet(call_open, {9, 9, 9, 9}),
              (Bytes{0,    0,    0,    32,                                                                //
                     0x20, 0x00, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0,  //
                     9,    9,    9,    9}));
}

TEST(Framer, WaitsForTheRestOfAPacket) {
    const auto bytes = packet(call_open, {1, 2, 3, 4});
    Framer framer;
    EXPECT_FALSE(framer.partial());
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        framer.add(View(bytes).subspan(i, 1));
        ASSERT_FALSE(framer.next()->has_value());
        ASSERT_TRUE(framer.partial());
    }
    framer.add(View(bytes).last(1));
    const auto whole = **framer.next();
    EXPECT_EQ(whole.header, call_open);
    EXPECT_EQ(Bytes(whole.payload.begin(), whole.payload.end()), (Bytes{1, 2, 3, 4}));
    EXPECT_FALSE(framer.partial());
}

TEST(Framer, GivesUpOnALengthThatCannotBe) {
    for (const std::uint32_t length :
         {0u, 3u, 4u, 27u, static_cast<std::uint32_t>(limits::wire_message) + 5, 0xffffffffu}) {
        Framer framer;
        framer.add(*encode(length));
        EXPECT_EQ(framer.next().error().reason, Reason::protocol) << length;
    }
    Framer framer;
    framer.add(*encode(static_cast<std::uint32_t>(limits::wire_message) + 4));
    EXPECT_TRUE(framer.next());
}

TEST(Framer, SkipsTheBytesOnWhichDescriptorsTravelled) {
    auto header = call_open;
    header.type = MessageType::call_with_fds;
    auto bytes = packet(header, {0, 0, 0, 2, 5, 5, 5, 5});
    bytes.insert(bytes.end(), {0, 0});
    const auto second = packet(call_open);
    bytes.insert(bytes.end(), second.begin(), second.end());

    Framer framer;
    framer.add(bytes);
    EXPECT_EQ((**framer.next()).payload.size(), 4);
    EXPECT_EQ((**framer.next()).header, call_open);
    EXPECT_FALSE(framer.next()->has_value());
}

TEST(Framer, WaitsForTheBytesOfDescriptors) {
    auto header = call_open;
    header.type = MessageType::call_with_fds;
    Framer framer;
    framer.add(packet(header, {0, 0, 0, 1}));
    EXPECT_TRUE(framer.next()->has_value());
    EXPECT_FALSE(framer.next()->has_value());
    EXPECT_TRUE(framer.partial());
}

TEST(Framer, GivesUpOnTooManyDescriptorsAndOnTheirNumberMissing) {
    auto header = call_open;
    header.type = MessageType::call_with_fds;
    for (const auto& payload : {Bytes{0, 0, 0, 33}, Bytes{}, Bytes{0, 0}}) {
        Framer framer;
        framer.add(packet(header, payload));
        EXPECT_FALSE(framer.next());
    }
}

TEST(Framer, KeepsNoMemoryOfABigMessageWhileNothingComes) {
    Framer framer;
    framer.add(packet(call_open, Bytes(limits::wire_message / 2)));
    ASSERT_TRUE(framer.next()->has_value());
    EXPECT_FALSE(framer.next()->has_value());
    EXPECT_LE(framer.memory(), 4 * limits::read_bytes);
}

RC_GTEST_PROP(Framer, CutsTheSamePacketsHoweverTheyArrive, ()) {
    std::vector<Header> sent;
    Bytes stream;
    for (int n = *rc::gen::inRange(1, 6); n > 0; --n) {
        auto header = arbitrary::any<Header>();
        header.type = MessageType::call;
        append_packet(stream, header, *rc::gen::arbitrary<Bytes>());
        sent.push_back(header);
    }

    Framer framer;
    std::vector<Header> cut;
    for (View rest = stream; !rest.empty();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
        framer.add(rest.first(size));
        rest = rest.subspan(size);
        for (auto packet = *framer.next(); packet; packet = *framer.next())
            cut.push_back(packet->header);
    }
    RC_ASSERT(cut == sent);
    RC_ASSERT(!framer.partial());
}

}  // namespace
}  // namespace virtlight::libvirt
