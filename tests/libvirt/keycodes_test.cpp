// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/keycodes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/control_messages.hpp"
#include "libvirt/conversation.hpp"

namespace virtlight::libvirt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// virKeycodeSet
constexpr std::uint32_t linux_set = 0;
constexpr std::uint32_t xt = 1;
constexpr std::uint32_t atset1 = 2;
constexpr std::uint32_t atset2 = 3;
constexpr std::uint32_t xt_kbd = 6;
constexpr std::uint32_t usb = 7;
constexpr std::uint32_t qnum = 9;

TEST(Keycodes, OfAllServedSetsNameTheSameKeys) {
    // Ctrl of the right, Alt, Delete, A, F11, the arrow up
    const std::vector<std::uint8_t> keys = {0x9d, 0x38, 0xd3, 0x1e, 0x57, 0xc8};
    EXPECT_EQ(keys_of(linux_set, {97, 56, 111, 30, 87, 103}).value(), keys);
    EXPECT_EQ(keys_of(xt, {0xe01d, 0x38, 0xe053, 0x1e, 0x57, 0xe048}).value(), keys);
    EXPECT_EQ(keys_of(atset1, {0xe01d, 0x38, 0xe053, 0x1e, 0x57, 0xe048}).value(), keys);
    EXPECT_EQ(keys_of(xt_kbd, {0x11d, 0x38, 0x153, 0x1e, 0x57, 0x148}).value(), keys);
    EXPECT_EQ(keys_of(usb, {0xe4, 0xe2, 0x4c, 0x04, 0x44, 0x52}).value(), keys);
    EXPECT_EQ(keys_of(qnum, {0x9d, 0x38, 0xd3, 0x1e, 0x57, 0xc8}).value(), keys);
}

TEST(Keycodes, ThatAreNoKeysAreRefusedByName) {
    for (const auto& [set, code] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{{linux_set, 0},
                                                                                        {linux_set, 112},
                                                                                        {linux_set, 128},
                                                                                        {linux_set, ~0u},
                                                                                        {xt, 0},
                                                                                        {xt, 0x80},
                                                                                        {xt, 0xe000},
                                                                                        {xt, 0xe080},
                                                                                        {xt_kbd, 0x100},
                                                                                        {xt_kbd, 0x180},
                                                                                        {xt_kbd, 0xe01d},
                                                                                        {usb, 3},
                                                                                        {usb, 0x68},
                                                                                        {usb, 0xdf},
                                                                                        {usb, 0xe8},
                                                                                        {qnum, 0},
                                                                                        {qnum, 0x100}}) {
        const auto keys = keys_of(set, {28, code});
        ASSERT_FALSE(keys) << set << " " << code;
        EXPECT_EQ(keys.error().reason, Reason::invalid_argument);
        EXPECT_THAT(keys.error().message, HasSubstr(std::to_string(code)));
    }
    EXPECT_EQ(keys_of(linux_set, {500}).error().message,
              "keycode 500 of codeset linux is no key of a guest's keyboard");
}

TEST(Keycodes, OfOtherSetsAreRefusedWithThoseThatAreServed) {
    EXPECT_EQ(keys_of(atset2, {1}).error().message,
              "codeset atset2 is not served; allowed here: linux, xt, atset1, xt_kbd, usb, qnum");
    EXPECT_THAT(keys_of(10, {1}).error().message, HasSubstr("codeset 10 is not served"));
}

constexpr std::int32_t send_key = 226;

class SendKeyTest : public ConversationTest {
 protected:
    void SetUp() override {
        dom = talk.call<Domain>(10, TextFlags{"<domain type='xen'><name>desktop</name>"
                                              "<memory unit='MiB'>64</memory><os><type>hvm</type></os>"
                                              "</domain>"})
                  .value();
    }
    Error refusal(const SendKeyArgs& args) { return ConversationTest::refusal<void>(send_key, args); }

    Domain dom;
};

TEST_F(SendKeyTest, PressesTheKeysThatTheClientNames) {
    EXPECT_TRUE(talk.call<void>(send_key, SendKeyArgs{dom, linux_set, 25, {29, 56, 111}, 0}));
    ASSERT_EQ(talk.xen.pressed.size(), 1u);
    EXPECT_THAT(talk.xen.pressed[0].keys, ElementsAre(0x1d, 0x38, 0xd3));
    EXPECT_EQ(talk.xen.pressed[0].held, milliseconds(25));
}

TEST_F(SendKeyTest, RefusesTooManyNoneAndThoseThatAreHeldForTooLong) {
    EXPECT_THAT(refusal({dom, linux_set, 0, {}, 0}).message, HasSubstr("0 keys"));
    EXPECT_THAT(refusal({dom, linux_set, 0, std::vector<std::uint32_t>(17, 30), 0}).message,
                HasSubstr("17 keys"));
    EXPECT_THAT(refusal({dom, linux_set, 60001, {30}, 0}).message, HasSubstr("60001 ms"));
    EXPECT_THAT(refusal({dom, linux_set, 0, {30}, 1}).message, HasSubstr("flags"));
    EXPECT_TRUE(talk.xen.pressed.empty());
}

}  // namespace
}  // namespace virtlight::libvirt
