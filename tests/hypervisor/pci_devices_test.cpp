// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/pci_devices.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What the kernel shows below /sys/bus/pci.
class PciDevices : public testing::Test {
 protected:
    void add(const std::string& name, const std::string& driver) {
        const auto device = folder.path() / name;
        std::filesystem::create_directory(device);
        std::ofstream(device / "vendor") << "0x8086\n";
        std::ofstream(device / "device") << "0x10d3\n";
        std::ofstream(device / "class") << "0x020000\n";
        if (!driver.empty())
            std::filesystem::create_symlink("../../../bus/pci/drivers/" + driver, device / "driver");
    }

    std::string place(const std::string& name) const {
        return (std::filesystem::canonical(folder.path()) / name).string();
    }

    const test::TemporaryFolder folder;
};

TEST_F(PciDevices, AreListedByAddress) {
    add("0000:08:00.1", "pciback");
    add("0000:07:00.0", "e1000e");
    add("0001:00:00.0", "");
    add("no device", "");
    const HostPciDevice card{.address = {.bus = 7},
                             .vendor = 0x8086,
                             .product = 0x10d3,
                             .class_code = 0x020000,
                             .driver = "e1000e",
                             .path = place("0000:07:00.0")};
    auto given = card;
    given.address = {.bus = 8, .function = 1};
    given.driver = "pciback";
    given.assignable = true;
    given.path = place("0000:08:00.1");
    auto idle = card;
    idle.address = {.domain = 1};
    idle.driver = "";
    idle.path = place("0001:00:00.0");
    EXPECT_THAT(read_pci_devices(folder.path()), ElementsAre(card, given, idle));
    EXPECT_THAT(read_pci_devices(folder.path() / "nowhere"), IsEmpty());
}

TEST_F(PciDevices, AreResetByTheKernelIfItCan) {
    add("0000:07:00.0", "");
    const domain::PciAddress address{.bus = 7};
    const auto cannot = reset_pci_device(address, folder.path());
    EXPECT_EQ(cannot.error().reason, Reason::unsupported_operation);
    EXPECT_THAT(cannot.error().message, HasSubstr("0000:07:00.0 has no way to be reset"));
    const auto file = folder.path() / "0000:07:00.0" / "reset";
    std::ofstream(file) << "";
    EXPECT_TRUE(reset_pci_device(address, folder.path()));
    std::string written;
    std::ifstream(file) >> written;
    EXPECT_EQ(written, "1");
    EXPECT_EQ(reset_pci_device({.bus = 9}, folder.path()).error().reason, Reason::no_node_device);
}

}  // namespace
}  // namespace virtlight::hypervisor
