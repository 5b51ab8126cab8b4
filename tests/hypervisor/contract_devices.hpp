// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

// The part of the contract that is about the devices of guests that run: as contract.hpp, instantiate
// DevicesContract.

#include <fstream>

#include "base/temporary_folder.hpp"
#include "hypervisor/contract_fixture.hpp"

namespace virtlight::hypervisor::contract {

class DevicesContract : public HypervisorContract {
 protected:
    domain::Disk disk(const std::string& name) {
        const std::string path = folder.path() / "disk.img";
        std::ofstream(path) << "data";
        return {.target = domain::parse_disk_name(name).value(),
                .source = domain::Disk::Source::file,
                .path = path};
    }
    Result<> attach(DomId domid, const domain::Device& device) {
        return end_of(start([&] { return hypervisor().attach(domid, device, operation()); }));
    }
    Result<> detach(DomId domid, const domain::Device& device) {
        return end_of(start([&] { return hypervisor().detach(domid, device, operation()); }));
    }
    std::vector<domain::Disk> disks(DomId domid) {
        const auto described = end_of(start([&] { return hypervisor().describe(domid, {}); }));
        return described ? described->disks : std::vector<domain::Disk>();
    }
    static void expect_reason(const Result<>& result, Reason reason) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason) << result.error().message;
    }

    test::TemporaryFolder folder;
};

TEST_P(DevicesContract, ADiskIsThereFromItsAttachToItsDetach) {
    const auto domid = running(guest());
    const auto attached = attach(domid, disk("xvdb"));
    ASSERT_TRUE(attached) << attached.error().message;
    ASSERT_EQ(disks(domid).size(), 1U);
    EXPECT_EQ(disks(domid)[0].target, disk("xvdb").target);
    const auto detached = detach(domid, disk("xvdb"));
    ASSERT_TRUE(detached) << detached.error().message;
    EXPECT_TRUE(disks(domid).empty());
}

TEST_P(DevicesContract, ANetworkInterfaceIsThereFromItsAttachToItsDetachWithAnotherRateMeanwhile) {
    const auto domid = running(guest());
    domain::Nic nic{.mac = {{0x00, 0x16, 0x3e, 0, 0, 1}}, .bridge = "xenbr0"};
    ASSERT_TRUE(attach(domid, nic));
    nic.rate_kib = 1000;
    const auto changed = end_of(start([&] { return hypervisor().update(domid, nic, operation()); }));
    EXPECT_TRUE(changed) << changed.error().message;
    const auto described = end_of(start([&] { return hypervisor().describe(domid, {}); }));
    ASSERT_TRUE(described && described->nics.size() == 1);
    EXPECT_EQ(described->nics[0].rate_kib, 1000U);
    ASSERT_TRUE(detach(domid, nic));
    expect_reason(detach(domid, nic), Reason::no_device);
}

TEST_P(DevicesContract, APlaceHasOneDisk) {
    const auto domid = running(guest());
    ASSERT_TRUE(attach(domid, disk("xvdb")));
    expect_reason(attach(domid, disk("xvdb")), Reason::invalid_argument);
    EXPECT_EQ(disks(domid).size(), 1U);
}

TEST_P(DevicesContract, AMissingFileIsAnInvalidArgumentThatNamesIt) {
    const auto domid = running(guest());
    auto missing = disk("xvdb");
    missing.path = "/nowhere/disk.img";
    const auto attached = attach(domid, missing);
    expect_reason(attached, Reason::invalid_argument);
    EXPECT_NE(attached.error().message.find("/nowhere/disk.img"), std::string::npos)
        << attached.error().message;
    auto definition = guest();
    definition.disks = {missing};
    const auto created = create(definition);
    ASSERT_FALSE(created);
    EXPECT_NE(created.error().message.find("/nowhere/disk.img"), std::string::npos)
        << created.error().message;
    EXPECT_FALSE(listed(definition.name));
}

TEST_P(DevicesContract, ADiskThatIsNotThereCannotGo) {
    expect_reason(detach(running(guest()), disk("xvdb")), Reason::no_device);
}

TEST_P(DevicesContract, ADomainThatIsGoneHasNoDevices) {
    const auto domid = running(guest());
    ASSERT_TRUE(destroy(domid));
    expect_reason(attach(domid, disk("xvdb")), Reason::no_domain);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(DevicesContract);

}  // namespace virtlight::hypervisor::contract
