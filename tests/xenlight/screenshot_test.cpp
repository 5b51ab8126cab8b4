// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/screenshot.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"
#include "xenlight/device_model.hpp"

namespace virtlight::xenlight {
namespace {

using test::DeviceModel;
using test::yes;
using testing::ElementsAre;
using testing::HasSubstr;

class Screenshot : public testing::Test {
 protected:
    std::filesystem::path socket() const { return folder.path() / "qmp-libxenstat-7"; }
    auto take() const { return take_picture(7, folder.path()); }

    test::TemporaryFolder folder;
};

constexpr auto lent = R"({"return": {"fdset-id": 3, "fd": 20}})";

TEST_F(Screenshot, IsWhatTheDeviceModelDrawsIntoWhatItIsLent) {
    std::vector<std::string> commands;
    {
        DeviceModel model(socket(), {yes, lent, std::string(R"({"event": "RESUME"})") + "\n" + yes});
        const auto picture = take();
        ASSERT_TRUE(picture) << picture.error().message;
        EXPECT_EQ(picture->type, "image/x-portable-pixmap");
        EXPECT_EQ(picture->bytes, "P6\n1 1\n255\nrgb");
        commands = model.commands;
    }
    EXPECT_THAT(commands, ElementsAre(HasSubstr("qmp_capabilities"), HasSubstr("add-fd"),
                                      HasSubstr(R"("filename":"/dev/fdset/3")")));
}

TEST_F(Screenshot, FailsWithWhatTheDeviceModelHasAgainstIt) {
    const DeviceModel model(socket(),
                            {yes, lent, R"({"error": {"class": "GenericError", "desc": "no console"}})"});
    const auto picture = take();
    ASSERT_FALSE(picture);
    EXPECT_EQ(picture.error().message,
              "cannot take a picture of domain 7: its device model refuses 'screendump': no console");
}

TEST_F(Screenshot, FailsIfTheDeviceModelIsNotThereOrGoesOrSpeaksOtherwise) {
    EXPECT_THAT(take().error().message, HasSubstr("cannot be reached"));
    {
        const DeviceModel model(socket(), {yes, "what?"});
        EXPECT_THAT(take().error().message, HasSubstr("does not speak QMP"));
    }
    std::filesystem::remove(socket());
    {
        const DeviceModel model(socket(), {yes, yes});
        EXPECT_THAT(take().error().message, HasSubstr("does not name"));
    }
    std::filesystem::remove(socket());
    {
        const DeviceModel model(socket(), {});
        EXPECT_THAT(take().error().message, HasSubstr("hung up"));
    }
}

}  // namespace
}  // namespace virtlight::xenlight
