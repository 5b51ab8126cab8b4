// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/uuid.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight {
namespace {

TEST(Uuid, IsReadWithAndWithoutDashesInEitherCase) {
    const auto uuid = Uuid::parse("01234567-89ab-cdef-0123-456789abcdef");
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid, Uuid::parse("0123456789ABCDEF0123456789ABCDEF"));
    EXPECT_EQ(uuid, Uuid::parse("  01234567-89AB-cdef-0123-456789abcdef\n"));
    EXPECT_EQ(to_string(*uuid), "01234567-89ab-cdef-0123-456789abcdef");
}

TEST(Uuid, IsRefusedWhenItIsTooShortTooLongOrNoHex) {
    for (const auto* text :
         {"", "-", "0123", "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
          "g1234567-89ab-cdef-0123-456789abcdef", "0-1234567-89ab-cdef-0123-456789abcdef"})
        EXPECT_FALSE(Uuid::parse(text)) << text;
}

TEST(Uuid, AFreshOneIsOfVersionFourAndDiffersFromTheNext) {
    const auto uuid = Uuid::random();
    EXPECT_EQ(uuid.bytes[6] >> 4, 4);
    EXPECT_EQ(uuid.bytes[8] >> 6, 2);
    EXPECT_NE(uuid, Uuid::random());
}

RC_GTEST_PROP(UuidProperty, WrittenThenReadIsTheSame, (const std::array<std::uint8_t, 16>& bytes)) {
    const Uuid uuid{bytes};
    RC_ASSERT(Uuid::parse(to_string(uuid)) == uuid);
}

}  // namespace
}  // namespace virtlight
