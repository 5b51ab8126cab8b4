// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/devices_test.hpp"

// What guests get of a device that they have already: another medium, another rate or link, another password.

namespace virtlight::manager {
namespace {

using test::Devices;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(Devices, ThatAreCdDrivesGetOtherMedia) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {cd_drive()};
    const auto guest = running(hvm);
    events();
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, cd_drive("/one.iso"), both)));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(stored(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(events(), ElementsAre("win MEDIUM/1 ide-disk2", "win DEFINED/1"));
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, cd_drive("/one.iso"), guest_only)));
    EXPECT_THAT(events(), IsEmpty()) << "it is in there";
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, cd_drive(), guest_only)));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive()));
    EXPECT_THAT(events(), ElementsAre("win MEDIUM/0 ide-disk2"));
    expect_refused(end_of(manager->update_device(guest.uuid, disk("hdc"), guest_only)),
                   Reason::unsupported_operation, "disk hdc cannot be changed while the guest runs");
    expect_refused(end_of(manager->update_device(guest.uuid, disk("xvdb"), {})), Reason::no_device,
                   "no disk xvdb");
}

TEST_F(Devices, ThatAreCdDrivesGetAMediumAlsoWhereItIsAttached) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {cd_drive()};
    const auto guest = running(hvm);
    EXPECT_TRUE(attach(guest, cd_drive("/one.iso"), guest_only));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(xen.definitions.at(domid(guest)).disks, ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(stored(guest), ElementsAre(cd_drive()));
    for (const auto affects : {both, definition_only})
        expect_refused(attach(guest, cd_drive("/two.iso"), affects), Reason::invalid_argument,
                       "target 'hdc' duplicated");
    EXPECT_THAT(live(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_EQ(xen.count("attach"), 0u);
    EXPECT_EQ(xen.count("update"), 1u);
    expect_refused(attach(guest, disk("hdc"), guest_only), Reason::unsupported_operation, "is emulated");
}

TEST_F(Devices, ThatAreCdDrivesAreStoredAsNewWhereOnlyTheGuestHasThem) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {cd_drive()};
    const auto guest = running(hvm);
    ASSERT_TRUE(detach(guest, cd_drive(), definition_only));
    EXPECT_TRUE(attach(guest, cd_drive("/one.iso"), both));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(stored(guest), ElementsAre(cd_drive("/one.iso")));
}

TEST_F(Devices, ThatAreCdDrivesKeepTheirNamesWhereAChangeFailsByHalf) {
    auto drive = cd_drive("/one.iso");
    drive.alias = "ua-cinema";
    drive.shareable = true;
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {drive};
    const auto guest = running(hvm);
    xen.before_effect = [this](const std::string& call) {
        if (call == "update") xen.definitions.at(1).disks = {cd_drive()};  // ejected
    };
    xen.fail_next("update", {Reason::operation_failed, "its device model refuses"});
    auto wanted = drive;
    wanted.path = "/two.iso";
    expect_refused(end_of(manager->update_device(guest.uuid, wanted, guest_only)), Reason::operation_failed,
                   "refuses");
    drive.source = Disk::Source::none;
    drive.path.clear();
    EXPECT_THAT(live(guest), ElementsAre(drive));
}

TEST_F(Devices, ThatAreCdDrivesShowTheMediumThatTheyHaveAfterAChangeThatFailedByHalf) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {cd_drive("/one.iso")};
    const auto guest = running(hvm);
    xen.before_effect = [this](const std::string& call) {
        if (call == "update") xen.definitions.at(1).disks = {cd_drive()};  // ejected
    };
    xen.fail_next("update", {Reason::operation_failed, "its device model refuses"});
    expect_refused(end_of(manager->update_device(guest.uuid, cd_drive("/two.iso"), both)),
                   Reason::operation_failed, "refuses");
    EXPECT_THAT(live(guest), ElementsAre(cd_drive()));
    EXPECT_THAT(store.lives.at(guest.uuid).definition.disks, ElementsAre(cd_drive()));
    EXPECT_THAT(stored(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
    EXPECT_THAT(events(), Contains("win MEDIUM/0 ide-disk2"));
}

TEST_F(Devices, ThatAreNetworkInterfacesGetAnotherRate) {
    auto web = guest_named("web");
    web.nics = {nic(1)};
    const auto guest = running(web);
    auto faster = nic(1);
    faster.rate_kib = 1000;
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, faster, both)));
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(faster));
    EXPECT_THAT(manager->definition(guest.uuid, Which::stored)->nics, ElementsAre(faster));
    faster.bridge = "xenbr1";
    expect_refused(end_of(manager->update_device(guest.uuid, faster, both)), Reason::unsupported_operation,
                   "only the bandwidth");
    EXPECT_EQ(xen.count("update"), 1U);
}

TEST_F(Devices, ThatAreNetworkInterfacesGoDownAndUp) {
    auto web = guest_named("web");
    web.nics = {nic(1)};
    const auto guest = running(web);
    auto down = nic(1);
    down.link_down = true;
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, down, guest_only)));
    EXPECT_THAT(xen.definitions.at(domid(guest)).nics, ElementsAre(down));
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(down));
    EXPECT_THAT(manager->definition(guest.uuid, Which::stored)->nics, ElementsAre(nic(1)));
    xen.fail_next("update", {Reason::timed_out, "its device model does not answer"});
    expect_refused(end_of(manager->update_device(guest.uuid, nic(1), both)), Reason::timed_out, "answer");
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(down));
}

TEST_F(Devices, ThatAreNetworkInterfacesKeepAllButTheRateThatIsAskedFor) {
    auto web = guest_named("web");
    web.nics = {nic(1)};
    const auto guest = running(web);
    auto moved = nic(1);
    moved.bridge = "xenbr1";
    ASSERT_TRUE(end_of(manager->update_device(guest.uuid, moved, definition_only)));
    ASSERT_TRUE(end_of(manager->set_nic_rate(guest.uuid, moved.mac, 1000, both)));
    auto faster = nic(1);
    faster.rate_kib = moved.rate_kib = 1000;
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(faster));
    EXPECT_THAT(manager->definition(guest.uuid, Which::stored)->nics, ElementsAre(moved));
    EXPECT_EQ(xen.count("update"), 1U);
    expect_refused(end_of(manager->set_nic_rate(guest.uuid, nic(2).mac, 1000, both)), Reason::no_device,
                   "no network interface 00:16:3e:00:00:02");
}

TEST_F(Devices, ThatAreNetworkInterfacesHaveTheRateAndLinkThatXenTellsOfWhenTheDaemonWasKilledMeanwhile) {
    auto web = guest_named("web");
    web.nics = {nic(1)};
    const auto guest = running(web);
    store.lives.at(guest.uuid).held = Held::devices;
    auto changed = nic(1);
    changed.rate_kib = 1000;
    changed.link_down = true;
    xen.definitions.at(1).nics = {changed};
    restart();
    look();
    EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(changed));
    EXPECT_THAT(store.lives.at(guest.uuid).definition.nics, ElementsAre(changed));
}

TEST_F(Devices, ThatCameToAGuestThatWasHeldForAnotherReasonAreShownWhenTheDaemonWasKilledMeanwhile) {
    for (const auto held : {Held::saving, Held::dumping}) {
        const auto guest = running(guest_named(fmt::format("held{}", static_cast<int>(held))));
        store.lives.at(guest.uuid).held = held;
        xen.definitions.at(domid(guest)).nics = {nic(1)};
        restart();
        look();
        EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(nic(1)));
        EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
        ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    }
}

TEST_F(Devices, OfAGuestThatWasHeldAreLookedAtUntilXenTellsThem) {
    for (const auto held : {Held::saving, Held::dumping}) {
        const auto guest = running(guest_named(fmt::format("held{}", static_cast<int>(held))));
        store.lives.at(guest.uuid).held = held;
        xen.definitions.at(domid(guest)).nics = {nic(1)};
        xen.fail_next("describe", {Reason::timed_out, "libxl does not answer"});
        restart();
        look();
        EXPECT_EQ(store.lives.at(guest.uuid).held, Held::devices);
        restart();
        look();
        EXPECT_THAT(manager->definition(guest.uuid, Which::live)->nics, ElementsAre(nic(1)));
        EXPECT_EQ(store.lives.at(guest.uuid).held, Held::no);
        ASSERT_TRUE(end_of(manager->destroy(guest.uuid)));
    }
}

TEST_F(Devices, ThatAreScreensGetAnotherPassword) {
    auto web = guest_named("web");
    web.graphics.vnc = {.password = "old"};
    web.video = domain::default_video(web.type, web.graphics);
    const auto guest = running(web);
    const auto change = [&](const std::string& password, Affects affects) {
        return end_of(manager->edit_device(guest.uuid,
                                           "<graphics type='vnc' autoport='yes' passwd='" + password + "'/>",
                                           domain::DeviceEdit::change, affects));
    };
    const auto live = [&] { return manager->definition(guest.uuid, Which::live)->graphics.vnc->password; };
    const auto stored = [&] {
        return manager->definition(guest.uuid, Which::stored)->graphics.vnc->password;
    };
    EXPECT_TRUE(change("new", guest_only));
    EXPECT_EQ(live(), "new");
    EXPECT_EQ(stored(), "old");
    EXPECT_EQ(xen.definitions.at(domid(guest)).graphics.vnc->password, "new");
    EXPECT_EQ(store.lives.at(guest.uuid).definition.graphics.vnc->password, "new");
    xen.fail_next("set_vnc_password", {Reason::timed_out, "no answer"});
    expect_refused(change("newer", both), Reason::timed_out, "no answer");
    EXPECT_EQ(live(), "new");
    EXPECT_EQ(stored(), "old");
}

TEST_F(Devices, ThatAreScreensAskForThePasswordThatIsShownWhenTheDaemonWasKilledWhileItWasChanged) {
    auto web = guest_named("web");
    web.graphics.vnc = {.password = "shown"};
    const auto guest = running(web);
    store.lives.at(guest.uuid).held = Held::devices;
    xen.definitions.at(1).graphics.vnc->password = "on its way";
    restart();
    look();
    EXPECT_EQ(xen.definitions.at(1).graphics.vnc->password, "shown");
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->graphics.vnc->password, "shown");
}

}  // namespace
}  // namespace virtlight::manager
