// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/host_devices.hpp"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// What the kernel shows below /sys.
class HostDevices : public testing::Test {
 protected:
    /// A device at its place, known in a folder of links, that has these files. Its path.
    std::string add(const std::string& place, const std::string& known_in,
                    const std::map<std::string, std::string>& files) {
        const auto device = sysfs / "devices" / place;
        std::filesystem::create_directories(device);
        std::filesystem::create_directories(sysfs / known_in);
        std::filesystem::create_symlink(device, sysfs / known_in / device.filename());
        for (const auto& [name, text] : files) {
            std::filesystem::create_directories((device / name).parent_path());
            std::ofstream(device / name) << text << "\n";
        }
        return device.string();
    }

    const test::TemporaryFolder folder;
    const std::filesystem::path sysfs = std::filesystem::canonical(folder.path());
};

TEST_F(HostDevices, OfUsbHaveTheirNumbersAndNames) {
    const auto hub = add("pci0/usb1", "bus/usb/devices",
                         {{"busnum", "1"}, {"devnum", "1"}, {"idVendor", "1d6b"}, {"idProduct", "0002"}});
    const auto stick = add("pci0/usb1/1-4", "bus/usb/devices",
                           {{"busnum", "1"},
                            {"devnum", "7"},
                            {"idVendor", "0951"},
                            {"idProduct", "1666"},
                            {"manufacturer", "Kingston"},
                            {"product", "DataTraveler"}});
    add("pci0/usb1/1-4/1-4:1.0", "bus/usb/devices", {{"bInterfaceNumber", "00"}});
    std::filesystem::create_symlink("../../../bus/usb/drivers/usb", std::filesystem::path(stick) / "driver");
    EXPECT_THAT(read_host_devices(sysfs),
                ElementsAre(HostDevice{hub, "", HostUsbDevice{1, 1, {0x1d6b, 2}}},
                            HostDevice{stick, "usb",
                                       HostUsbDevice{1, 7, {0x951, 0x1666}, "Kingston", "DataTraveler"}}));
}

TEST_F(HostDevices, OfNetworksHaveAnAddressAndAState) {
    const auto card = add("pci0/0000:07:00.0/net/eth0", "class/net",
                          {{"ifindex", "2"},
                           {"address", "00:16:3e:00:00:01"},
                           {"operstate", "up"},
                           {"speed", "1000"},
                           {"type", "1"}});
    const auto loopback =
        add("virtual/net/lo", "class/net", {{"ifindex", "1"}, {"operstate", "unknown"}, {"type", "772"}});
    add("virtual/net/bonding_masters", "class/net", {});
    EXPECT_THAT(
        read_host_devices(sysfs),
        ElementsAre(HostDevice{card, "", HostInterface{"eth0", "00:16:3e:00:00:01", "up", 1000, true}},
                    HostDevice{loopback, "", HostInterface{"lo", "", "unknown"}}));
}

TEST_F(HostDevices, OfScsiAndDisksAreThoseThatHaveSomethingInThem) {
    const auto lun = add("pci0/host2/target2:0:0/2:0:0:1", "bus/scsi/devices", {{"type", "0"}});
    add("pci0/host2", "bus/scsi/devices", {});
    const auto disk = add("pci0/host2/target2:0:0/2:0:0:1/block/sda", "class/block",
                          {{"size", "2048"},
                           {"removable", "0"},
                           {"queue/logical_block_size", "4096"},
                           {"device/vendor", "ATA     "},
                           {"device/model", "QEMU HARDDISK"},
                           {"device/type", "0"}});
    add("pci0/host2/target2:0:0/2:0:0:1/block/sda/sda1", "class/block",
        {{"size", "1024"}, {"partition", "1"}});
    const auto drive =
        add("pci0/host3/sr0", "class/block", {{"size", "0"}, {"removable", "1"}, {"device/type", "5"}});
    add("virtual/block/loop0", "class/block", {{"size", "0"}, {"removable", "0"}});
    EXPECT_THAT(
        read_host_devices(sysfs),
        ElementsAre(
            HostDevice{lun, "", HostScsiDevice{2, 0, 0, 1, "disk"}},
            HostDevice{disk, "", HostDisk{"/dev/sda", "ATA", "QEMU HARDDISK", "", 1 << 20, 4096}},
            HostDevice{drive, "",
                       HostDisk{.node = "/dev/sr0", .block_bytes = 1, .removable = true, .optical = true}}));
}

TEST_F(HostDevices, AreNoneWhereTheKernelShowsNone) {
    EXPECT_THAT(read_host_devices(sysfs / "nowhere"), IsEmpty());
}

}  // namespace
}  // namespace virtlight::hypervisor
