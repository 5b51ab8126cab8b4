// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

class Devices : public ::testing::Test, protected World {
 protected:
    std::vector<Disk> stored(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::stored)->disks;
    }
    std::vector<Disk> live(const domain::Definition& guest) {
        return manager->definition(guest.uuid, Which::live)->disks;
    }
    Result<> attach(const domain::Definition& guest, Disk what, Affects affects = {}) {
        return end_of(manager->attach_device(guest.uuid, std::move(what), affects));
    }
    Result<> detach(const domain::Definition& guest, Disk what, Affects affects = {}) {
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
