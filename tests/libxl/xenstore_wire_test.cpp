// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libxl/xenstore_wire.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::fake {
namespace {

using namespace std::string_literals;

TEST(XenstoreWire, AMessageIsItsFourWordsAndItsPayload) {
    EXPECT_EQ(encode({.type = 2, .request = 1, .transaction = 3, .payload = "ab"}),
              "\2\0\0\0\1\0\0\0\3\0\0\0\2\0\0\0ab"s);
}

TEST(XenstoreWire, AMessageThatIsTooLongBreaksTheConnection) {
    Decoder decoder;
    decoder.feed(encode({.payload = std::string(4097, 'x')}));
    EXPECT_FALSE(decoder.next());
    EXPECT_TRUE(decoder.broken());
}

TEST(XenstoreWire, StringsEndWithANulAndTheLastNeedNot) {
    EXPECT_EQ(split_strings("a\0\0b\0"s), (std::vector<std::string>{"a", "", "b"}));
    EXPECT_EQ(split_strings("a\0b"s), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(join_strings({"a", ""}), "a\0\0"s);
}

RC_GTEST_PROP(XenstoreWireProperty, MessagesComeOutAsTheyWentInHoweverTheyAreCut, ()) {
    std::vector<Message> sent;
    std::string bytes;
    const auto count = *rc::gen::inRange(0, 5);
    for (int i = 0; i < count; ++i) {
        sent.push_back({.type = *rc::gen::arbitrary<std::uint32_t>(),
                        .request = *rc::gen::arbitrary<std::uint32_t>(),
                        .transaction = *rc::gen::arbitrary<std::uint32_t>(),
                        .payload = *rc::gen::arbitrary<std::string>()});
        bytes += encode(sent.back());
    }
    Decoder decoder;
    std::vector<Message> received;
    while (!bytes.empty()) {
        const auto piece = *rc::gen::inRange<std::size_t>(1, bytes.size() + 1);
        decoder.feed(bytes.substr(0, piece));
        bytes.erase(0, piece);
        while (auto message = decoder.next())
            received.push_back(std::move(*message));
    }
    RC_ASSERT(received == sent);
    RC_ASSERT(!decoder.broken());
}

}  // namespace
}  // namespace virtlight::fake
