// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/vnc_password.hpp"

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
using testing::Not;

class VncPassword : public testing::Test {
 protected:
    std::filesystem::path socket() const { return folder.path() / "qmp-libxenstat-7"; }

    test::TemporaryFolder folder;
};

TEST_F(VncPassword, IsTheDeviceModelsToAskFor) {
    std::vector<std::string> commands;
    {
        const DeviceModel model(socket(), {yes, yes});
        EXPECT_TRUE(change_vnc_password(7, R"(a"b\)", folder.path()));
        commands = model.commands;
    }
    EXPECT_THAT(commands,
                ElementsAre(HasSubstr("qmp_capabilities"),
                            HasSubstr(R"("change-vnc-password","arguments":{"password":"a\"b\\"})")));
}

TEST_F(VncPassword, IsInNoError) {
    const DeviceModel model(socket(), {yes, R"({"error": {"desc": "Could not set password"}})"});
    const auto refused = change_vnc_password(7, "geheim", folder.path());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message,
                HasSubstr("its device model refuses 'change-vnc-password': Could not set password"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("geheim")));
}

}  // namespace
}  // namespace virtlight::xenlight
