// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libvirt/bytes_stream.hpp"
#include "libvirt/conversation.hpp"
#include "libvirt/statistics_messages.hpp"

namespace virtlight::libvirt {
namespace {

using testing::HasSubstr;

using Type = std::optional<std::string>;
constexpr std::int32_t screenshot = 211;

class ScreenTest : public ConversationTest {
 protected:
    Domain define(const std::string& name, const std::string& devices) {
        return talk
            .call<Domain>(11, "<domain type='xen'><name>" + name +
                                  "</name><memory unit='MiB'>64</memory>"
                                  "<os><type>linux</type><kernel>/boot/guest</kernel></os><devices>" +
                                  devices + "</devices></domain>")
            .value();
    }
    Domain running(const std::string& name, const std::string& devices) {
        const auto dom = define(name, devices);
        EXPECT_TRUE(talk.call<void>(9, dom));
        return dom;
    }
    Error refusal(const ScreenshotArgs& args) { return ConversationTest::refusal<Type>(screenshot, args); }
};

TEST_F(ScreenTest, ComesAsAStreamBehindTheNameOfItsFormat) {
    const auto dom = running("shown", "<graphics type='vnc'/>");
    EXPECT_EQ(talk.call<Type>(screenshot, ScreenshotArgs{dom, 0}).value(), "image/x-nothing");
    ASSERT_EQ(talk.session().streams().size(), 1u);
    const auto first = talk.session().streams().next();
    ASSERT_TRUE(first);
    EXPECT_EQ(std::string(first->payload.begin(), first->payload.end()), "a picture");
    const auto end = talk.session().streams().next();
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->payload.empty());
}

TEST_F(ScreenTest, IsRefusedWhereThereIsNone) {
    EXPECT_EQ(refusal({define("off", "<graphics type='vnc'/>"), 0}).reason, Reason::invalid_state);
    EXPECT_THAT(refusal({running("dark", ""), 0}).message, HasSubstr("no screen"));
    const auto dom = running("shown", "<graphics type='vnc'/>");
    EXPECT_EQ(refusal({dom, 1}).reason, Reason::invalid_argument);
    talk.xen.fail_next("screenshot", {Reason::timed_out, "its device model does not answer"});
    EXPECT_EQ(refusal({dom, 0}).reason, Reason::timed_out);
    EXPECT_EQ(talk.session().streams().size(), 0u);
}

TEST(BytesStream, GivesAllInPiecesAndThenEnds) {
    BytesStream stream("abcde");
    std::string all;
    for (;;) {
        const auto portion = stream.read(2).value();
        EXPECT_LE(portion.bytes.size(), 2u);
        all.append(portion.bytes.begin(), portion.bytes.end());
        if (portion.end) break;
    }
    EXPECT_EQ(all, "abcde");
}

}  // namespace
}  // namespace virtlight::libvirt
