// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/devices_test.hpp"

// Devices of the host: one guest has them at a time, and their drivers get them back.

namespace virtlight::manager {
namespace {

using test::Devices;
using ::testing::HasSubstr;

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

TEST_F(Devices, OfTheHostAreForNoGuestUntilWhatWasGivenUpHasEnded) {
    auto web = guest_named("web");
    web.pci_devices = {{.address = {.bus = 7}, .managed = true}};
    ASSERT_TRUE(end_of(manager->define(web)));
    xen.pci_given_up = {{.bus = 7}};
    const auto started = end_of(manager->start(web.uuid, {}));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message,
                HasSubstr("PCI device 0000:07:00.0 is being reset, or taken from its driver"));
    expect_refused(end_of(manager->set_assignable({.bus = 7}, true)), Reason::operation_failed,
                   "taken from its driver");
    EXPECT_TRUE(end_of(manager->set_assignable({.bus = 8}, true)));
    xen.pci_given_up.clear();
    EXPECT_TRUE(end_of(manager->start(web.uuid, {})));
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

TEST_F(HostDevicesThatMayHaveCome, AreForNoOtherGuestAsLongAsTheirsRuns) {
    EXPECT_FALSE(attach_in_vain(card));
    const auto other = running("other");
    expect_refused(attach(other, card), Reason::operation_failed, "in use by domain 'web'");
    EXPECT_FALSE(end_of(manager->set_assignable(card.address, false)));
    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_TRUE(attach(other, card));
}

TEST_F(HostDevicesThatMayHaveCome, DoNotGoBackWhileAnotherGuestHasThem) {
    EXPECT_FALSE(attach_in_vain(card));
    restart();
    look();
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

}  // namespace
}  // namespace virtlight::manager
