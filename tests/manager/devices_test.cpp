// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/devices_test.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

// How devices come to guests and their definitions, and go.

namespace virtlight::manager {
namespace {

using test::Devices;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

TEST_F(Devices, ComeAndGoWhileTheGuestRuns) {
    const auto guest = running("web");
    EXPECT_TRUE(attach(guest, disk("xvdb")));
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdb")));
    EXPECT_THAT(store.lives.at(guest.uuid).definition.disks, ElementsAre(disk("xvdb")));
    EXPECT_THAT(stored(guest), IsEmpty());
    EXPECT_TRUE(detach(guest, disk("xvdb", "/whatever")));
    EXPECT_THAT(live(guest), IsEmpty());
    EXPECT_THAT(events(), ElementsAre("web ADDED xen-disk1", "web REMOVED xen-disk1"));
}

TEST_F(Devices, ComeAndGoForTheNextStart) {
    const auto guest = defined("web");
    EXPECT_TRUE(attach(guest, disk("xvdb")));
    EXPECT_THAT(stored(guest), ElementsAre(disk("xvdb")));
    EXPECT_TRUE(end_of(manager->detach_device(guest.uuid, "xen-disk1", definition_only)));
    EXPECT_THAT(store.domains.at(guest.uuid).definition.disks, IsEmpty());
    EXPECT_EQ(xen.count("attach") + xen.count("detach"), 0u);
}

TEST_F(Devices, ThatTheGuestIsRefusedDoNotStayInItsDefinition) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::operation_failed, "no backend"});
    expect_refused(attach(guest, disk("xvdb"), both), Reason::operation_failed, "no backend");
    EXPECT_THAT(live(guest), IsEmpty());
    EXPECT_THAT(stored(guest), IsEmpty());
    EXPECT_THAT(store.domains.at(guest.uuid).definition.disks, IsEmpty());
    EXPECT_THAT(events(), IsEmpty());
    EXPECT_TRUE(attach(guest, disk("xvdb"), both));
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdb")));
    EXPECT_THAT(store.domains.at(guest.uuid).definition.disks, ElementsAre(disk("xvdb")));
}

TEST_F(Devices, ThatCannotBeTakenOutOfADefinitionAgainStayInIt) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::operation_failed, "no backend"});
    store.fail_write(4);  // the definition, the life twice, and the definition as it was
    expect_refused(attach(guest, disk("xvdb"), both), Reason::io,
                   "no backend; but its definition has been changed, and cannot be put back: ");
    EXPECT_THAT(live(guest), IsEmpty());
    EXPECT_THAT(stored(guest), ElementsAre(disk("xvdb")));
    EXPECT_THAT(store.domains.at(guest.uuid).definition.disks, ElementsAre(disk("xvdb")));
    EXPECT_THAT(events(), ElementsAre("web DEFINED/1"));
}

TEST_F(Devices, ThatCannotBeStoredAreNotGivenToTheGuest) {
    const auto guest = running("web");
    store.fail_write(1);
    expect_refused(attach(guest, disk("xvdb"), both), Reason::io, "");
    EXPECT_EQ(xen.count("attach"), 0u);
}

TEST_F(Devices, AreOneAtEachPlace) {
    const auto guest = running("web");
    EXPECT_TRUE(attach(guest, disk("xvdb"), definition_only));
    expect_refused(attach(guest, disk("xvdb", "/other"), both), Reason::invalid_argument,
                   "target 'xvdb' duplicated");
    EXPECT_EQ(xen.count("attach"), 0u);
}

TEST_F(Devices, ThatAreNotThereCannotGo) {
    const auto guest = running("web");
    expect_refused(detach(guest, disk("xvdb")), Reason::no_device, "the domain has no disk xvdb");
    EXPECT_TRUE(attach(guest, disk("xvdb"), guest_only));
    expect_refused(detach(guest, disk("xvdb"), both), Reason::no_device, "the domain has no disk xvdb");
    EXPECT_EQ(xen.count("detach"), 0u);
    expect_refused(end_of(manager->detach_device(guest.uuid, "xen-disk7", {})), Reason::no_device,
                   "no device with alias 'xen-disk7'");
}

TEST_F(Devices, ThatTheGuestDoesNotLetGoOfStayAndAreTold) {
    const auto guest = running("web");
    EXPECT_TRUE(attach(guest, disk("xvdb"), both));
    events();
    xen.fail_next("detach", {Reason::timed_out, "the guest has not let go of it"});
    expect_refused(detach(guest, disk("xvdb"), both), Reason::timed_out, "has not let go");
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdb")));
    EXPECT_THAT(store.domains.at(guest.uuid).definition.disks, ElementsAre(disk("xvdb")));
    EXPECT_THAT(events(), ElementsAre("web KEPT xen-disk1"));
}

TEST_F(Devices, OfAGuestThatIsGoneMeanwhileAreNoConcernOfIt) {
    const auto guest = running("web");
    xen.before_effect = [&](const std::string& call) {
        if (call == "attach") xen.vanish(domid(guest));
    };
    EXPECT_FALSE(attach(guest, disk("xvdb"), both));
    EXPECT_THAT(stored(guest), IsEmpty());
}

TEST_F(Devices, OfAnHvmGuestThatAreEmulatedStayWhileItRuns) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {disk("hda")};
    const auto guest = running(hvm);
    expect_refused(attach(guest, disk("hdb")), Reason::unsupported_operation,
                   "disk hdb of an HVM guest is emulated");
    expect_refused(detach(guest, disk("hda")), Reason::unsupported_operation,
                   "disk hda of an HVM guest is emulated");
    EXPECT_TRUE(attach(guest, disk("xvde", "/other")));
}

TEST_F(Devices, ThatAreNetworkInterfacesComeAsVifsAndAreStoredAsAskedFor) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.nics = {nic(1)};
    const auto guest = running(hvm);
    EXPECT_TRUE(attach(guest, nic(2), both));
    auto vif = nic(2);
    vif.devid = 1;
    auto asked = vif;
    vif.model = domain::paravirtual_nic;
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(nic(1), vif));
    EXPECT_THAT(manager->definition(guest.uuid, Which::stored)->nics, ElementsAre(nic(1), asked));
    EXPECT_TRUE(detach(guest, nic(1), guest_only));
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(vif))
        << "it keeps its number";
    EXPECT_TRUE(end_of(manager->detach_device(guest.uuid, "net1", both)));
    EXPECT_THAT(events(), ElementsAre("win ADDED net1", "win DEFINED/1", "win REMOVED net0",
                                      "win REMOVED net1", "win DEFINED/1"));
}

TEST_F(Devices, HaveAnAddressThatNoOtherGuestHas) {
    auto one = guest_named("one");
    one.nics = {nic(1)};
    running(one);
    const auto two = running("two");
    expect_refused(attach(two, nic(1)), Reason::operation_failed, "in use by domain 'one'");
    EXPECT_TRUE(attach(two, nic(1), definition_only));
}

// Changes that a daemon did not see the end of, and such as fail by half

TEST_F(Devices, AreNotedAsBeingChangedWhileTheyAre) {
    const auto guest = running("web");
    xen.hold("attach");
    const auto attaching = begin(manager->attach_device(guest.uuid, disk("xvdb"), {}));
    loop.run_for(seconds(1));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::devices);
    xen.release("attach");
    EXPECT_TRUE(end_of(attaching));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    xen.fail_next("detach", {Reason::timed_out, "it keeps it"});
    EXPECT_FALSE(detach(guest, disk("xvdb")));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Devices, AreThoseThatXenTellsOfWhenTheDaemonWasKilledWhileTheyWereChanged) {
    const auto guest = running("web");
    EXPECT_TRUE(attach(guest, disk("xvdb")));
    EXPECT_TRUE(attach(guest, nic(1)));
    store.lives.at(guest.uuid).held = Held::devices;
    xen.definitions.at(1).disks = {disk("xvdc")};
    restart();
    look();
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdc")));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->nics.size(), 1u);
    EXPECT_THAT(store.lives.at(guest.uuid).definition.disks, ElementsAre(disk("xvdc")));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    EXPECT_TRUE(attach(guest, disk("xvdb", "/srv/other.img")));
}

TEST_F(Devices, ThatComeOrGoByAChangeThatFailedAreTold) {
    const auto guest = running("web");
    xen.before_effect = [this](const std::string& call) {
        if (call == "attach") xen.definitions.at(1).disks = {disk("xvdb")};
        if (call == "detach") xen.definitions.at(1).disks.clear();
    };
    xen.fail_next("attach", {Reason::cancelled, "cancelled"});
    EXPECT_FALSE(attach(guest, disk("xvdb")));
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdb")));
    xen.fail_next("detach", {Reason::timed_out, "it keeps it"});
    EXPECT_FALSE(detach(guest, disk("xvdb")));
    EXPECT_THAT(live(guest), IsEmpty());
    EXPECT_THAT(events(), ElementsAre("web ADDED xen-disk1", "web REMOVED xen-disk1"));
}

TEST_F(Devices, ThatNobodyCanTellOfAfterAFailureAreLookedAtByTheNextDaemon) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::timed_out, "libxl does not answer"});
    xen.fail_next("describe", {Reason::timed_out, "libxl does not answer"});
    EXPECT_FALSE(attach(guest, disk("xvdb")));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::devices);
    xen.definitions.at(1).disks = {disk("xvdb")};
    restart();
    look();
    EXPECT_THAT(live(guest), ElementsAre(disk("xvdb")));
}

TEST_F(Devices, ThatNobodyCanTellOfAreLookedAtByTheNextDaemonThoughAnotherChangeSucceeds) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::operation_failed, "libxl has lost its connection"});
    xen.fail_next("describe", {Reason::timed_out, "libxl does not answer"});
    EXPECT_FALSE(attach(guest, disk("xvdb")));
    EXPECT_TRUE(attach(guest, disk("xvdc", "/srv/other.img")));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::devices);
    const std::vector<Disk> has{disk("xvdb"), disk("xvdc", "/srv/other.img")};
    xen.definitions.at(1).disks = has;
    restart();
    look();
    EXPECT_THAT(live(guest), UnorderedElementsAreArray(has));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
}

TEST_F(Devices, ThatNobodyTellsOfAfterAFailureHoldUpADestroyForAWhileOnly) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::timed_out, "libxl does not answer"});
    xen.hold("describe");
    const auto attaching = begin(manager->attach_device(guest.uuid, disk("xvdb"), guest_only));
    settle();
    const auto destroying = begin(manager->destroy(guest.uuid));
    loop.run_for(limits::tuning_deadline + seconds(1));
    EXPECT_TRUE(attaching->has_value());
    ASSERT_TRUE(destroying->has_value());
    EXPECT_TRUE(**destroying);
}

TEST_F(Devices, ThatAnotherToolHasTakenAwayCanGo) {
    const auto guest = running("web");
    EXPECT_TRUE(attach(guest, disk("xvdb"), both));
    events();
    xen.definitions.at(1).disks.clear();
    xen.fail_next("detach", {Reason::no_device, "Xen has no such device of it"});
    EXPECT_TRUE(detach(guest, disk("xvdb"), both));
    EXPECT_THAT(live(guest), IsEmpty());
    EXPECT_THAT(stored(guest), IsEmpty());
    EXPECT_THAT(events(), ElementsAre("web REMOVED xen-disk1", "web DEFINED/1"));
    EXPECT_TRUE(attach(running("other"), disk("xvdb"))) << "its source is free";
}

}  // namespace
}  // namespace virtlight::manager
