// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Warnings : public ::testing::Test, protected World {
 protected:
    std::vector<std::string> warnings(const domain::Definition& guest) {
        settle();
        return manager->warnings(guest.uuid).value();
    }
};

TEST_F(Warnings, TellWhatADefinitionNamesAndTheHostHasNot) {
    xen.missing = {"kernel '/k': No such file or directory"};
    const auto guest = defined("web");
    EXPECT_THAT(warnings(guest), ElementsAre("kernel '/k': No such file or directory"));
    xen.missing.clear();
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest), IsEmpty()) << "it has come";
}

TEST_F(Warnings, TellOfProcessorsThatTheHostHasNot) {
    xen.facts.cpus = 4;
    auto guest = guest_named("web");
    guest.cpu_tuning.cpus.insert(3);
    guest.cpu_tuning.pins[0].insert(7);
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest),
                ElementsAre("the <vcpupin> of vCPU 0 names processor 7, and the host has 0-3 online"));
}

TEST_F(Warnings, AreNotOfProcessorsThatAreOnlineBehindAGap) {
    xen.facts.cpus = 3;
    xen.facts.topology = {{.id = 0}, {.id = 4}, {.id = 6}};
    auto guest = guest_named("web");
    guest.cpu_tuning.cpus = domain::CpuSet::parse("4,6").value();
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest), IsEmpty());
    guest.cpu_tuning.cpus = domain::CpuSet::parse("0-2,6").value();
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest),
                ElementsAre("the cpuset of <vcpu> names processor 2, and the host has 0,4,6 online"));
}

TEST_F(Warnings, TellOfAGuestThatTheHostCannotRun) {
    xen.facts.has_hvm = false;
    auto guest = guest_named("win");
    guest.type = domain::GuestType::hvm;
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest), ElementsAre("this host runs no HVM guests"));
    EXPECT_THAT(warnings(defined("web")), IsEmpty());
}

TEST_F(Warnings, TellOfPciDevicesThatNeedAnIommu) {
    xen.facts.has_iommu = false;
    auto guest = guest_named("win");
    guest.type = domain::GuestType::hvm;
    guest.pci_devices = {{.address = {.bus = 7}}};
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(warnings(guest), ElementsAre("PCI device 0000:07:00.0 cannot be given to an HVM guest: this "
                                             "host has no IOMMU that Xen uses"));
    auto pv = guest_named("web");
    pv.pci_devices = {{.address = {.bus = 8}}};
    ASSERT_TRUE(end_of(manager->define(pv)));
    EXPECT_THAT(warnings(pv), IsEmpty());
}

TEST_F(Warnings, TellOfAMacAddressThatNobodySets) {
    auto guest = guest_named("web");
    guest.pci_devices = {{.address = {.bus = 7}, .mac = domain::MacAddress::parse("52:54:00:6d:90:02")},
                         {.address = {.bus = 8}}};
    ASSERT_TRUE(end_of(manager->define(guest)));
    EXPECT_THAT(
        warnings(guest),
        ElementsAre("MAC address 52:54:00:6d:90:02 is not set on PCI device 0000:07:00.0, which keeps "
                    "the one that it has: set it there"));
}

TEST_F(Warnings, GoWithTheStart) {
    xen.missing = {"initrd '/i': No such file or directory"};
    const auto guest = defined("web");
    settle();
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    EXPECT_THAT(warnings(guest), IsEmpty());
}

TEST_F(Warnings, HoldUpNoDefinition) {
    xen.hold("missing_files");
    const auto guest = defined("web");
    EXPECT_THAT(warnings(guest), IsEmpty());
    xen.fail_next("missing_files", {Reason::timed_out, "its storage has not answered"});
    xen.release("missing_files");
    EXPECT_THAT(warnings(guest), ElementsAre("its files cannot be looked at: its storage has not answered"));
}

TEST_F(Warnings, AreNotThoseOfAnEarlierDefinition) {
    xen.hold("missing_files");
    auto guest = defined("web");
    settle();
    ASSERT_TRUE(end_of(manager->undefine(guest.uuid, false)));
    xen.missing = {"kernel '/k': No such file or directory"};
    xen.release("missing_files");
    settle();
    EXPECT_FALSE(manager->warnings(guest.uuid)) << "there is no such domain any more";
}

}  // namespace
}  // namespace virtlight::manager
