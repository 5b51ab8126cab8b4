// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/mac_address.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::domain::mac_address_test {
namespace {

TEST(MacAddress, IsReadInTheFormsThatPeopleWrite) {
    const MacAddress mac{{0x00, 0x16, 0x3e, 0x0a, 0xbc, 0x01}};
    EXPECT_EQ(MacAddress::parse("00:16:3e:0a:bc:01"), mac);
    EXPECT_EQ(MacAddress::parse("00:16:3E:0A:BC:01"), mac);
    EXPECT_EQ(MacAddress::parse(" 0:16:3e:a:bc:1\n"), mac);
    EXPECT_EQ(to_string(mac), "00:16:3e:0a:bc:01");
}

TEST(MacAddress, IsNothingElse) {
    for (const auto* text : {"", "00:16:3e:0a:bc", "00:16:3e:0a:bc:01:02", "00:16:3e:0a:bc:",
                             "00:16:3e:0a:bc:1g", "00:16:3e:0a:bc:001", "00-16-3e-0a-bc-01", "00163e0abc01",
                             "-1:16:3e:0a:bc:01", ":::::", "00:16:3e:0a: bc:01", "0x0:16:3e:0a:bc:01"})
        EXPECT_FALSE(MacAddress::parse(text)) << text;
}

TEST(MacAddress, ThatIsMadeUpBelongsToXenAndToOneInterface) {
    bool differs = false;
    const auto first = MacAddress::random();
    for (int i = 0; i < 100; ++i) {
        const auto mac = MacAddress::random();
        EXPECT_TRUE(to_string(mac).starts_with("00:16:3e:")) << to_string(mac);
        EXPECT_LT(mac.bytes[3], 0x80);
        EXPECT_FALSE(mac.is_multicast());
        differs = differs || mac != first;
    }
    EXPECT_TRUE(differs);
}

TEST(MacAddress, KnowsThoseThatNoInterfaceHas) {
    EXPECT_TRUE(MacAddress::parse("01:00:5e:00:00:01")->is_multicast());
    EXPECT_TRUE(MacAddress::parse("ff:ff:ff:ff:ff:ff")->is_multicast());
    EXPECT_FALSE(MacAddress::parse("02:00:5e:00:00:01")->is_multicast());
    EXPECT_TRUE(MacAddress::parse("0:0:0:0:0:0")->is_nil());
    EXPECT_FALSE(MacAddress::parse("0:0:0:0:0:1")->is_nil());
}

RC_GTEST_PROP(MacAddress, IsWrittenAndReadBack, (const std::array<std::uint8_t, 6>& bytes)) {
    RC_ASSERT(MacAddress::parse(to_string(MacAddress{bytes})) == MacAddress{bytes});
}

}  // namespace
}  // namespace virtlight::domain::mac_address_test
