// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::Disk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Affects guest_only{.guest = true};
constexpr Affects definition_only{.definition = true};
constexpr Affects both{.guest = true, .definition = true};

Disk disk(std::string_view target, std::string path = "/srv/disk.img") {
    return {.target = domain::parse_disk_name(target).value(),
            .source = Disk::Source::file,
            .path = std::move(path)};
}

Disk cd_drive(std::string path = "") {
    return {.target = domain::parse_disk_name("hdc").value(),
            .device = Disk::Device::cdrom,
            .source = path.empty() ? Disk::Source::none : Disk::Source::file,
            .path = path,
            .readonly = true};
}

domain::Nic nic(std::uint8_t last) {
    return {.mac = {{0x00, 0x16, 0x3e, 0, 0, last}}, .bridge = "xenbr0"};
}

class Devices : public ::testing::Test, protected World {
 protected:
    std::vector<Disk> stored(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::stored)->disks;
    }
    std::vector<Disk> live(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::live)->disks;
    }
    Result<> attach(const domain::Definition& guest, domain::Device what, Affects affects = {}) {
        return end_of(manager->attach_device(guest.uuid, std::move(what), affects));
    }
    Result<> detach(const domain::Definition& guest, domain::Device what, Affects affects = {}) {
        return end_of(manager->detach_device(guest.uuid, std::move(what), affects));
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
};

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

TEST_F(Devices, OnTheirWayToAGuestAreForNoOtherOne) {
    const auto web = running("web");
    const auto db = running("db");
    auto third = guest_named("third");
    third.disks = {disk("xvda")};
    ASSERT_TRUE(end_of(manager->define(third)));
    xen.hold("attach");
    const auto attaching = begin(manager->attach_device(web.uuid, disk("xvdb"), {}));
    loop.run_for(seconds(1));
    expect_refused(attach(db, disk("xvdb")), Reason::operation_failed, "used by domain 'web'");
    const auto started = end_of(manager->start(third.uuid, {}));
    ASSERT_FALSE(started) << "both would write to its file system";
    EXPECT_THAT(started.error().message, HasSubstr("used by domain 'web'"));
    xen.fail_next("attach", {Reason::operation_failed, "no"});
    xen.release("attach");
    EXPECT_FALSE(end_of(attaching));
    EXPECT_TRUE(end_of(manager->start(third.uuid, {}))) << "it has not arrived";
}

TEST_F(Devices, WhoseMediumIsOnItsWayKeepItFromOthers) {
    auto web = guest_named("web");
    web.type = domain::GuestType::hvm;
    web.disks = {cd_drive()};
    running(web);
    const auto db = running("db");
    auto medium = cd_drive("/srv/medium");
    xen.hold("update");
    const auto changing = begin(manager->update_device(web.uuid, medium, {}));
    loop.run_for(seconds(1));
    expect_refused(attach(db, disk("xvdb", "/srv/medium")), Reason::operation_failed, "used by domain 'web'");
    xen.release("update");
    EXPECT_TRUE(end_of(changing));
}

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

TEST_F(Devices, ThatAreCdDrivesGetOtherMedia) {
    auto hvm = guest_named("win");
    hvm.type = domain::GuestType::hvm;
    hvm.disks = {cd_drive()};
    const auto guest = running(hvm);
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, cd_drive("/one.iso"), both)));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_THAT(stored(guest), ElementsAre(cd_drive("/one.iso")));
    EXPECT_TRUE(end_of(manager->update_device(guest.uuid, cd_drive(), guest_only)));
    EXPECT_THAT(live(guest), ElementsAre(cd_drive()));
    expect_refused(end_of(manager->update_device(guest.uuid, disk("hdc"), guest_only)),
                   Reason::unsupported_operation, "disk hdc cannot be changed while the guest runs");
    expect_refused(end_of(manager->update_device(guest.uuid, disk("xvdb"), {})), Reason::no_device,
                   "no disk xvdb");
}

// Changes that fail by half

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

// Other kinds

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

TEST_F(Devices, HaveAnAddressThatNoOtherGuestHas) {
    auto one = guest_named("one");
    one.nics = {nic(1)};
    running(one);
    const auto two = running("two");
    expect_refused(attach(two, nic(1)), Reason::operation_failed, "in use by domain 'one'");
    EXPECT_TRUE(attach(two, nic(1), definition_only));
}

TEST_F(Devices, OfTheHostAreForOneGuestAtATime) {
    const domain::PciDevice card{.address = {.bus = 7}};
    const domain::UsbDevice stick{.host_bus = 1, .host_device = 4};
    auto one = guest_named("one");
    auto two = guest_named("two");
    one.pci_devices = {card};
    one.usb.controllers = two.usb.controllers = {{}};
    running(one);
    const auto guest = running(two);
    EXPECT_TRUE(attach(one, stick));
    expect_refused(attach(guest, card), Reason::operation_failed,
                   "PCI device 0000:07:00.0 is in use by domain 'one'");
    expect_refused(attach(guest, stick), Reason::operation_failed,
                   "USB device 1.4 is in use by domain 'one'");
    auto three = guest_named("three");
    three.pci_devices = {card};
    ASSERT_TRUE(end_of(manager->define(three)));
    const auto started = end_of(manager->start(three.uuid, {}));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("PCI device 0000:07:00.0 is in use by domain 'one'"));
    EXPECT_TRUE(detach(one, card));
    EXPECT_TRUE(attach(guest, card));
    EXPECT_TRUE(detach(one, stick));
    EXPECT_TRUE(attach(guest, stick));
}

TEST_F(Devices, OfTheHostThatAreManagedGoBackToTheirDriversWithTheGuest) {
    auto web = guest_named("web");
    web.pci_devices = {{.address = {.bus = 7}, .managed = true}, {.address = {.bus = 8}}};
    const auto guest = running(web);
    xen.pci = {{.address = {.bus = 7}, .assignable = true},
               {.address = {.bus = 8}, .assignable = true},
               {.address = {.bus = 9}, .assignable = true}};
    const domain::PciDevice card{.address = {.bus = 9}, .managed = true};
    EXPECT_TRUE(attach(guest, card));
    EXPECT_TRUE(detach(guest, card));
    EXPECT_FALSE(xen.pci[2].assignable);
    EXPECT_TRUE(xen.pci[0].assignable);
    expect_refused(end_of(manager->set_assignable({.bus = 7}, false)), Reason::operation_failed,
                   "in use by domain 'web'");
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(xen.pci[0].assignable);
    EXPECT_TRUE(xen.pci[1].assignable) << "it was Xen's to give before";
    EXPECT_TRUE(end_of(manager->set_assignable({.bus = 7}, true)));
    EXPECT_TRUE(xen.pci[0].assignable);
}

/// Xen takes them from their drivers before anything else may fail.
class HostDevices : public Devices {
 protected:
    HostDevices() {
        xen.pci = {{.address = card.address}};
        xen.before_effect = [this](const std::string& call) {
            if (call == "create" || call == "attach") xen.pci[0].assignable = true;
        };
    }
    bool is_given_back() const { return !xen.pci[0].assignable; }

    const domain::PciDevice card{.address = {.bus = 7}, .managed = true};
};

TEST_F(HostDevices, ThatAreManagedGoBackWhenTheirGuestCannotBeMade) {
    auto web = guest_named("web");
    web.pci_devices = {card};
    ASSERT_TRUE(end_of(manager->define(web)));
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    EXPECT_FALSE(end_of(manager->start(web.uuid, {})));
    EXPECT_TRUE(is_given_back());
    xen.hold("create");
    const auto starting = begin(manager->start(web.uuid, {}));
    settle();
    xen.pci[0].assignable = true;
    ASSERT_TRUE(manager->abort_job(web.uuid));
    EXPECT_FALSE(end_of(starting));
    EXPECT_TRUE(is_given_back()) << "that is not cancelled with the start";
    xen.release("create");
    xen.given_up.insert(web.uuid);
    xen.fail_next("create", {Reason::timed_out, "it was given up"});
    EXPECT_FALSE(end_of(manager->start(web.uuid, {})));
    EXPECT_FALSE(is_given_back()) << "the guest may still get it";
}

TEST_F(HostDevices, ThatAreManagedGoBackAlthoughTheEndOfTheirGuestIsOverruled) {
    auto web = guest_named("web");
    web.pci_devices = {card};
    ASSERT_TRUE(end_of(manager->define(web)));
    ASSERT_TRUE(end_of(manager->start(web.uuid, {})));
    xen.hold("set_assignable");
    xen.stop(1, hypervisor::StopReason::reboot);
    look();
    const auto destroying = begin(manager->destroy(web.uuid));
    settle();
    xen.release("set_assignable");
    EXPECT_TRUE(end_of(destroying));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevices, ThatAreManagedGoBackWhenAGuestCannotGetThem) {
    const auto guest = running("web");
    xen.pci[0].assignable = false;
    xen.fail_next("attach", {Reason::operation_failed, "its device model refuses"});
    EXPECT_FALSE(attach(guest, card));
    EXPECT_TRUE(is_given_back());
    xen.fail_next("attach", {Reason::timed_out, "it was given up"});
    EXPECT_FALSE(attach(guest, card));
    EXPECT_FALSE(is_given_back()) << "the guest may still get it";
    EXPECT_TRUE(attach(guest, card));
    EXPECT_FALSE(is_given_back());
    EXPECT_FALSE(attach(running("other"), card));
    EXPECT_FALSE(is_given_back()) << "the first one has it";
}

TEST_F(HostDevices, ThatAreManagedGoBackWhenTheirGuestIsGoneBeforeItGetsThem) {
    const auto guest = running("web");
    xen.hold("attach");
    const auto attaching = begin(manager->attach_device(guest.uuid, card, guest_only));
    settle();
    xen.vanish(1);
    settle();
    xen.release("attach");
    EXPECT_FALSE(end_of(attaching));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevices, ThatCouldNotBeTakenFromTheGuestAgainStayWithIt) {
    const auto guest = running("web");
    xen.fail_next("attach", {Reason::operation_failed, "no, and it cannot be removed"});
    xen.before_effect = [this](const std::string& call) {
        if (call != "attach") return;
        xen.pci[0].assignable = true;
        xen.definitions.at(1).pci_devices = {card};
    };
    EXPECT_FALSE(attach(guest, card));
    EXPECT_FALSE(is_given_back());
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->pci_devices.size(), 1u);
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
}

/// A guest that was to get a device, and nobody knows whether it has got it.
class HostDevicesThatMayHaveCome : public HostDevices {
 protected:
    HostDevicesThatMayHaveCome() { xen.pci[0].assignable = false; }
    Result<> attach_in_vain(const domain::PciDevice& device) {
        xen.fail_next("attach", {Reason::timed_out, "it was given up"});
        return attach(guest, device);
    }

    domain::Definition guest = running("web");
};

TEST_F(HostDevicesThatMayHaveCome, GoBackWhenTheirGuestIsDestroyed) {
    EXPECT_FALSE(attach_in_vain(card));
    EXPECT_FALSE(is_given_back()) << "the guest may still get it";
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevicesThatMayHaveCome, GoBackWhenTheirGuestEndsUnderTheNextDaemon) {
    EXPECT_FALSE(attach_in_vain(card));
    restart();
    EXPECT_FALSE(is_given_back());
    xen.vanish(1);
    settle();
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevicesThatMayHaveCome, GoBackWithTheirGuestAlsoIfNobodyCouldTellWhatItHas) {
    xen.fail_next("attach", {Reason::operation_failed, "its device model refuses"});
    xen.fail_next("describe", {Reason::timed_out, "no answer by QMP"});
    EXPECT_FALSE(attach(guest, card));
    EXPECT_FALSE(is_given_back());
    restart();
    look();
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevicesThatMayHaveCome, GoBackAtOnceIfTheirGuestHasEnded) {
    xen.fail_next("attach", {Reason::timed_out, "it was given up"});
    xen.hold("describe");
    const auto attaching = begin(manager->attach_device(guest.uuid, card, guest_only));
    settle();
    xen.vanish(1);
    settle();
    EXPECT_FALSE(is_given_back());
    xen.release("describe");
    EXPECT_FALSE(end_of(attaching));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevicesThatMayHaveCome, StayXensIfTheyWereXensBefore) {
    auto unmanaged = card;
    unmanaged.managed = false;
    EXPECT_FALSE(attach_in_vain(unmanaged));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(is_given_back());
}

TEST_F(HostDevicesThatMayHaveCome, GoBackOnce) {
    EXPECT_FALSE(attach_in_vain(card));
    EXPECT_TRUE(attach(guest, card));
    EXPECT_TRUE(detach(guest, card));
    EXPECT_TRUE(is_given_back());
    EXPECT_TRUE(end_of(manager->set_assignable(card.address, true)));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(is_given_back()) << "somebody wants it to be Xen's since";
}

TEST_F(HostDevicesThatMayHaveCome, DoNotGoBackWhileAnotherGuestHasThem) {
    EXPECT_FALSE(attach_in_vain(card));
    const auto other = running("other");
    EXPECT_TRUE(attach(other, card));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(is_given_back());
    EXPECT_TRUE(end_of(manager->destroy(other.uuid)));
    EXPECT_TRUE(is_given_back());
}

TEST_F(HostDevices, ThatWeGaveToAnotherToolsGuestGoBackWithIt) {
    const auto guest = guest_named("xl-made");
    xen.make(guest);
    look();
    EXPECT_TRUE(attach(guest, card));
    EXPECT_FALSE(is_given_back());
    xen.vanish(1);
    settle();
    EXPECT_TRUE(is_given_back());
}

TEST_F(Devices, OfTheHostGoBackAlsoWhenTheRemovalOfTheirGuestSeemedToFail) {
    auto web = guest_named("web");
    web.pci_devices = {{.address = {.bus = 7}, .managed = true}};
    running(web);
    xen.pci = {{.address = {.bus = 7}, .assignable = true}};
    xen.fail_next("destroy", {Reason::io, "the answer is lost"});
    xen.stop(1, hypervisor::StopReason::poweroff);
    settle();
    xen.truth.erase(1);  // it has gone all the same
    loop.run_for(limits::restart_pause + seconds(1));
    EXPECT_EQ(info(web).domid, -1);
    EXPECT_FALSE(xen.pci[0].assignable);
}

TEST_F(Devices, OfTheHostAreForNoGuestWhileSomethingIsDoneToThem) {
    auto web = guest_named("web");
    web.pci_devices = {{.address = {.bus = 7}, .managed = true}};
    ASSERT_TRUE(end_of(manager->define(web)));
    xen.hold("reset_pci");
    const auto resetting = begin(manager->reset_pci({.bus = 7}));
    settle();
    const auto started = end_of(manager->start(web.uuid, {}));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("PCI device 0000:07:00.0 is being reset"));
    expect_refused(end_of(manager->set_assignable({.bus = 7}, true)), Reason::operation_failed,
                   "is being reset");
    EXPECT_TRUE(end_of(manager->set_assignable({.bus = 8}, true)));
    xen.release("reset_pci");
    EXPECT_TRUE(end_of(resetting));
    EXPECT_TRUE(end_of(manager->start(web.uuid, {})));
}

TEST_F(Devices, OfTheHostAreNotGivenBackWhenAnotherGuestHasGotThem) {
    auto web = guest_named("web");
    web.pci_devices = {{.address = {.bus = 7}, .managed = true}};
    running(web);
    auto mail = guest_named("mail");
    mail.pci_devices = web.pci_devices;
    ASSERT_TRUE(end_of(manager->define(mail)));
    xen.pci = {{.address = {.bus = 7}, .assignable = true}};
    store.hold();
    begin(manager->set_autostart(web.uuid, true));  // what is to be done after its end waits for this
    settle();
    xen.vanish(1);
    settle();
    const auto starting = begin(manager->start(mail.uuid, {}));
    settle();
    store.release();
    EXPECT_TRUE(end_of(starting));
    settle();
    EXPECT_TRUE(store.lives.contains(mail.uuid));
    EXPECT_TRUE(xen.pci[0].assignable);
}

// What serves them

TEST_F(Devices, ServeOneGuestThatWritesAtATime) {
    auto one = guest_named("one");
    auto two = guest_named("two");
    one.disks = two.disks = {disk("xvda")};
    running(one);
    ASSERT_TRUE(end_of(manager->define(two)));
    const auto refused = end_of(manager->start(two.uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::operation_failed);
    EXPECT_THAT(
        refused.error().message,
        HasSubstr(
            "cannot start domain 'two': the source /srv/disk.img of disk xvda is used by domain 'one'"));
    EXPECT_EQ(xen.count("create"), 1u);

    const auto three = running("three");
    expect_refused(attach(three, disk("xvdb")), Reason::operation_failed,
                   "is used by domain 'one' as its disk xvda");
    EXPECT_TRUE(attach(three, disk("xvdb"), definition_only)) << "one of them may run at a time";
    ASSERT_TRUE(end_of(manager->destroy(one.uuid)));
    EXPECT_TRUE(end_of(manager->start(two.uuid, {})));
}

/// Two names of one file.
constexpr hypervisor::FileIdentity one_file{.host = 1, .inode = 2};

TEST_F(Devices, AreTheSameByAnyOfTheirNames) {
    xen.files = {
        {"/srv/disk.img", one_file}, {"/srv/link", one_file}, {"/srv/other", {.host = 1, .inode = 3}}};
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    running(one);
    for (const std::string name : {"/srv/link", "/srv/./disk.img", "/srv//x/../disk.img"}) {
        auto two = guest_named("two");
        two.disks = {disk("xvda", name)};
        ASSERT_TRUE(end_of(manager->define(two)));
        const auto refused = end_of(manager->start(two.uuid, {}));
        ASSERT_FALSE(refused) << name;
        EXPECT_THAT(refused.error().message,
                    HasSubstr("the source " + name +
                              " of disk xvda is used by domain 'one' as its disk xvda (by the name "
                              "/srv/disk.img); both would"));
    }
    const auto three = running("three");
    expect_refused(attach(three, disk("xvdb", "/srv/link")), Reason::operation_failed,
                   "used by domain 'one'");
    EXPECT_TRUE(attach(three, disk("xvdb", "/srv/other")));
    EXPECT_EQ(xen.count("attach"), 1u);
}

TEST_F(Devices, AreKnownByAllTheirNamesOfGuestsThatWereFoundRunning) {
    xen.files = {{"/srv/disk.img", one_file}, {"/srv/link", one_file}};
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    running(one);
    restart();
    const auto two = running("two");
    expect_refused(attach(two, disk("xvdb", "/srv/link")), Reason::operation_failed, "used by domain 'one'");
}

TEST_F(Devices, AreRefusedToAtLeastOneOfTwoWhoStartWithThemAtOnce) {
    xen.files = {{"/srv/disk.img", one_file}, {"/srv/link", one_file}};
    auto one = guest_named("one");
    auto two = guest_named("two");
    one.disks = {disk("xvda")};
    two.disks = {disk("xvda", "/srv/link")};
    ASSERT_TRUE(end_of(manager->define(one)));
    ASSERT_TRUE(end_of(manager->define(two)));
    const auto first = begin(manager->start(one.uuid, {}));
    const auto second = begin(manager->start(two.uuid, {}));
    const auto runs = unsigned{end_of(first).has_value()} + unsigned{end_of(second).has_value()};
    EXPECT_LE(runs, 1u);
}

TEST_F(Devices, AreNotGivenToAGuestWhileTheirStorageDoesNotAnswer) {
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    ASSERT_TRUE(end_of(manager->define(one)));
    xen.fail_next("identify_files", {Reason::timed_out, "its storage has not answered"});
    const auto refused = end_of(manager->start(one.uuid, {}));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("its storage has not answered"));
    EXPECT_TRUE(end_of(manager->start(one.uuid, {})));
}

TEST_F(Devices, AreLookedAtForNoLongerThanAStartMayTake) {
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    ASSERT_TRUE(end_of(manager->define(one)));
    xen.hold("identify_files");
    const auto starting = begin(manager->start(one.uuid, {}));
    loop.run_for(limits::start_deadline - seconds(1));
    EXPECT_FALSE(starting->has_value());
    loop.run_for(seconds(2));
    ASSERT_TRUE(starting->has_value());
    EXPECT_EQ((*starting)->error().reason, Reason::timed_out);
    xen.release("identify_files");
    const auto again = end_of(manager->start(one.uuid, {}));
    EXPECT_TRUE(again) << again.error().message << " (the turn is free)";
}

TEST_F(Devices, HoldUpNobodyElseIfTheirStorageDoesNotAnswer) {
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    running(one);
    restart();
    const auto two = running("two");
    xen.before_effect = [this, looks = 0](const std::string& call) mutable {
        if (call == "identify_files" && ++looks == 2)
            xen.fail_next(call, {Reason::timed_out, "its storage has not answered"});
    };
    EXPECT_TRUE(attach(two, disk("xvdb", "/srv/other")));
    EXPECT_TRUE(attach(two, disk("xvdc", "/srv/more")));
    EXPECT_EQ(xen.count("identify_files"), 5u) << "what has not answered is asked again, as it may by now";
}

TEST_F(Devices, AreNotGivenToOneGuestTwice) {
    xen.files = {{"/srv/disk.img", one_file}, {"/srv/link", one_file}};
    auto one = guest_named("one");
    one.disks = {disk("xvda")};
    running(one);
    expect_refused(attach(one, disk("xvdb", "/srv/link")), Reason::operation_failed,
                   "used by domain 'one' as its disk xvda");
    expect_refused(attach(one, disk("xvdb"), definition_only), Reason::invalid_argument, "as disk xvda has");
}

TEST_F(Devices, MayServeSeveralThatOnlyReadOrSaySo) {
    for (const bool shareable : {false, true}) {
        const auto prefix = std::string(shareable ? "share" : "read");
        for (const std::string name : {"-one", "-two"}) {
            auto guest = guest_named(prefix + name);
            guest.disks = {disk("xvda", "/srv/" + prefix)};
            guest.disks[0].shareable = shareable;
            guest.disks[0].readonly = !shareable;
            running(guest);
        }
    }
}

}  // namespace
}  // namespace virtlight::manager
