// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/keyboard.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "base/temporary_folder.hpp"
#include "xenlight/device_model.hpp"

namespace virtlight::xenlight {
namespace {

using hypervisor::KeyPress;
using test::DeviceModel;
using test::yes;
using testing::HasSubstr;

class Keyboard : public testing::Test {
 protected:
    /// What the device model was told after it was greeted.
    std::string told(const KeyPress& press) {
        const DeviceModel model(socket(), {yes, yes});
        EXPECT_TRUE(press_keys(7, press, folder.path()));
        return model.commands.at(1);
    }
    std::filesystem::path socket() const { return folder.path() / "qmp-libxenstat-7"; }

    test::TemporaryFolder folder;
};

TEST_F(Keyboard, HasTheDeviceModelPressAllKeysAtOnce) {
    EXPECT_EQ(told({.keys = {29, 56, 0xd3}}),
              R"({"execute":"send-key","arguments":{"keys":[{"type":"number","data":29},)"
              R"({"type":"number","data":56},{"type":"number","data":211}]}})"
              "\n");
}

TEST_F(Keyboard, SaysHowLongTheyAreHeldIfSomebodyCares) {
    EXPECT_THAT(told({.keys = {1}, .held = milliseconds(40)}), HasSubstr(R"("hold-time":40)"));
}

TEST_F(Keyboard, FailsWithWhatTheDeviceModelHasAgainstIt) {
    EXPECT_THAT(press_keys(7, {.keys = {1}}, folder.path()).error().message, HasSubstr("cannot be reached"));
    const DeviceModel model(socket(), {yes, R"({"error": {"class": "GenericError", "desc": "too many"}})"});
    const auto pressed = press_keys(7, {.keys = {1}}, folder.path());
    ASSERT_FALSE(pressed);
    EXPECT_EQ(pressed.error().message,
              "cannot send keys to domain 7: its device model refuses 'send-key': too many");
}

TEST_F(Keyboard, FailsInOneLineOfText) {
    const DeviceModel model(
        socket(), {yes, R"({"error": {"desc": "no\n\u001b[2Jkeys)" + std::string(100'000, '!') + R"("}})"});
    const auto pressed = press_keys(7, {.keys = {1}}, folder.path());
    ASSERT_FALSE(pressed);
    EXPECT_THAT(pressed.error().message, HasSubstr("refuses 'send-key': no\\x0a\\x1b[2Jkeys!!!"));
    EXPECT_LT(pressed.error().message.size(), 2 * limits::log_line_bytes);
}

}  // namespace
}  // namespace virtlight::xenlight
