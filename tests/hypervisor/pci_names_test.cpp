// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/pci_names.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

class PciNamesTest : public testing::Test {
 protected:
    PciNamesTest() { write("8086  Intel Corporation\n\t10d3  82574L Gigabit\n"); }

    void write(const std::string& table) { std::ofstream(file) << table; }
    HostPciDevice named(unsigned vendor, unsigned product) {
        std::vector<HostPciDevice> devices{{.vendor = vendor, .product = product}};
        names.name(devices);
        return devices.front();
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "pci.ids";
    PciNames names{{folder.path() / "nowhere", file}};
};

TEST_F(PciNamesTest, AreThoseOfTheTable) {
    write(
        "# a comment\n\n"
        "001c  PEAK-System  \n"
        "\t0001  PCAN\n"
        "\t\t001c 0004  2 Channel CAN Bus\n"
        "8086  Intel Corporation\n"
        "\t1237  440FX\n"
        "\t10d3  82574L Gigabit\r\n"
        "\t\t8086 1237  not this one\n"
        "beef  No products\n"
        "C 02  Network controller\n"
        "\t00  Ethernet controller\n"
        "\t1237  of no vendor\n");
    EXPECT_EQ(named(0x8086, 0x10d3).vendor_name, "Intel Corporation");
    EXPECT_EQ(named(0x8086, 0x10d3).product_name, "82574L Gigabit");
    EXPECT_EQ(named(0x8086, 0x1237).product_name, "440FX");
    EXPECT_EQ(named(0x001c, 4).vendor_name, "PEAK-System");
    EXPECT_EQ(named(0x001c, 4).product_name, "") << "that is what another has made of it";
    EXPECT_EQ(named(0xbeef, 0x1237).product_name, "");
    EXPECT_EQ(named(0x0001, 1).vendor_name, "");
}

TEST_F(PciNamesTest, AreLookedForOnceForEachKindOfDevice) {
    EXPECT_EQ(named(0x8086, 0x10d3).product_name, "82574L Gigabit");
    write("8086  Intel\n\t10d3  82574L\n\t1521  I350\n");
    EXPECT_EQ(named(0x8086, 0x10d3).product_name, "82574L Gigabit");
    EXPECT_EQ(named(0x8086, 0x1521).product_name, "I350");
}

TEST_F(PciNamesTest, AreNoneUntilThereIsATable) {
    std::filesystem::rename(file, folder.path() / "aside");
    EXPECT_EQ(named(0x8086, 0x10d3).vendor_name, "");
    std::filesystem::rename(folder.path() / "aside", file);
    EXPECT_EQ(named(0x8086, 0x10d3).vendor_name, "Intel Corporation");
}

}  // namespace
}  // namespace virtlight::hypervisor
