// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/host.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::xenlight {
namespace {

class MissingForDom0 : public testing::Test {
 protected:
    void put(const std::string& path, const std::string& content = "") const {
        const auto file = folder.path() / path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << content;
    }
    std::string missing() const { return missing_for_dom0(folder.path()).value_or("nothing"); }

    test::TemporaryFolder folder;
};

TEST_F(MissingForDom0, NamesWhatIsMissingStepByStep) {
    EXPECT_EQ(missing(), "this machine does not run under Xen");
    put("sys/hypervisor/type", "xen\n");
    EXPECT_EQ(missing(), "/proc/xen is not mounted (xenfs)");
    put("proc/xen/capabilities", "");
    EXPECT_EQ(missing(), "this is a Xen guest and not dom0");
    put("proc/xen/capabilities", "control_d\n");
    EXPECT_EQ(missing(), "there is no /dev/xen/privcmd (kernel module xen-privcmd)");
    put("dev/xen/privcmd");
    EXPECT_EQ(missing(), "xenstored is not running");
    put("run/xenstored/socket");
    EXPECT_EQ(missing(), "nothing");
}

TEST(UsualDeviceModel, IsNamedWhereItIsThere) {
    const test::TemporaryFolder root;
    EXPECT_EQ(find_device_model(root.path()), "");
    const auto program = root.path() / "usr/libexec/xen-qemu-system-i386";
    std::filesystem::create_directories(program.parent_path());
    std::ofstream(program) << "";
    EXPECT_EQ(find_device_model(root.path()), "") << "it is no program";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    EXPECT_EQ(find_device_model(root.path()), "/usr/libexec/xen-qemu-system-i386");
}

}  // namespace
}  // namespace virtlight::xenlight
