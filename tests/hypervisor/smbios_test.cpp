// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hypervisor/smbios.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/temporary_folder.hpp"

namespace virtlight::hypervisor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Smbios, IsWhatTheKernelTellsAPartAfterTheOther) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "product_name") << "ProLiant DL380\n";
    std::ofstream(folder.path() / "bios_vendor") << "HPE\n";
    std::ofstream(folder.path() / "sys_vendor") << " HPE \n";
    std::ofstream(folder.path() / "product_sku") << "  \n";
    std::ofstream(folder.path() / "modalias") << "dmi:bvnHPE\n";
    EXPECT_THAT(read_smbios(folder.path()), ElementsAre(SmbiosEntry{"bios", "vendor", "HPE"},
                                                        SmbiosEntry{"system", "manufacturer", "HPE"},
                                                        SmbiosEntry{"system", "product", "ProLiant DL380"}));
    EXPECT_THAT(read_smbios(folder.path() / "nowhere"), IsEmpty());
}

}  // namespace
}  // namespace virtlight::hypervisor
