// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/devices_test.hpp"

// Which guests may have one source for their disks.

namespace virtlight::manager {
namespace {

using test::Devices;
using ::testing::HasSubstr;

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

/// They may still come.
class GivenUpDevices : public Devices {
 protected:
    GivenUpDevices() {
        db.disks = {disk("xvda")};
        EXPECT_TRUE(end_of(manager->define(db)));
        events();
    }
    Result<> start_db() {
        auto started = end_of(manager->start(db.uuid, {}));
        if (!started) return std::unexpected(std::move(started.error()));
        return {};
    }
    Result<> attach_in_vain(const domain::Device& device, Affects affects = guest_only) {
        xen.fail_next("attach", {Reason::timed_out, "it was given up"});
        return attach(web, device, affects);
    }
    /// As one that was given up comes after all.
    void come_late() { xen.definitions.at(domid(web)).disks = {disk("xvdb")}; }

    domain::Definition web = running("web");
    domain::Definition db = guest_named("db");
};

TEST_F(GivenUpDevices, AreForNoOtherGuestAsLongAsTheirsRuns) {
    expect_refused(attach_in_vain(disk("xvdb")), Reason::timed_out, "given up");
    EXPECT_TRUE(live(web).empty());
    expect_refused(start_db(), Reason::operation_failed,
                   "the source /srv/disk.img of disk xvda is used by domain 'web' as its disk xvdb; both "
                   "would have to be read-only, or <shareable/>; an attach of it was given up, and it may "
                   "still come to domain 'web' as long as that runs");
    EXPECT_EQ(xen.count("create"), 1u);
    ASSERT_TRUE(end_of(manager->destroy(web.uuid)));
    EXPECT_TRUE(start_db());
}

TEST_F(GivenUpDevices, AreForNoOtherGuestAlthoughTheDefinitionCouldNotBePutBack) {
    store.fail_write(4);  // the definition, the life twice, and the definition as it was
    expect_refused(attach_in_vain(disk("xvdb"), both), Reason::io, "cannot be put back");
    EXPECT_FALSE(start_db());
}

TEST_F(GivenUpDevices, KeepTheirAddressesFromOthers) {
    const auto other = running("other");
    EXPECT_FALSE(attach_in_vain(nic(1)));
    EXPECT_FALSE(attach_in_vain(nic(2)));
    expect_refused(attach(other, nic(1)), Reason::operation_failed,
                   "in use by domain 'web'; an attach of it");
    expect_refused(attach(other, nic(2)), Reason::operation_failed, "in use by domain 'web'");
    EXPECT_TRUE(attach(other, nic(3)));
}

TEST_F(GivenUpDevices, MayBeGivenToTheirGuestAgain) {
    EXPECT_FALSE(attach_in_vain(disk("xvdb")));
    expect_refused(attach(web, disk("xvdc")), Reason::operation_failed, "as its disk xvdb");
    EXPECT_TRUE(attach(web, disk("xvdb")));
    EXPECT_TRUE(detach(web, disk("xvdb")));
    EXPECT_TRUE(start_db()) << "it has come and gone";
}

TEST_F(GivenUpDevices, StayClaimedWhenTheirGuestIsRefusedThemAgain) {
    EXPECT_FALSE(attach_in_vain(disk("xvdb")));
    xen.fail_next("attach", {Reason::operation_failed, "libxl has not ended the earlier one"});
    EXPECT_FALSE(attach(web, disk("xvdb")));
    EXPECT_FALSE(start_db());
}

TEST_F(GivenUpDevices, AreNotShownThoughTheyComeAsTheyAreAboutToGo) {
    xen.before_effect = [this](const std::string& call) {
        if (call == "attach") come_late();
    };
    EXPECT_FALSE(attach_in_vain(disk("xvdb")));
    EXPECT_TRUE(live(web).empty());
    EXPECT_TRUE(events().empty());
    EXPECT_FALSE(start_db());
}

TEST_F(GivenUpDevices, AreLookedForByTheNextDaemonForWhichNoOthersCanCome) {
    for (const bool have_come : {false, true}) {
        EXPECT_FALSE(attach_in_vain(disk("xvdb")));
        if (have_come) come_late();
        restart();
        look();
        EXPECT_EQ(live(web).size(), have_come ? 1u : 0u);
        EXPECT_EQ(store.lives.at(web.uuid).held, Held::no);
        EXPECT_EQ(start_db().has_value(), !have_come);
        if (have_come) continue;
        ASSERT_TRUE(end_of(manager->destroy(db.uuid)));
    }
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

TEST_F(Devices, OfOneNameInDifferentDomainsAreOthersAndWhatNobodyWritesIsForAll) {
    auto one = guest_named("one");
    one.disks = {disk("xvda"), disk("xvdb", "/srv/tools.iso")};
    one.disks[1].readonly = true;
    running(one);
    auto two = guest_named("two");
    two.disks = {disk("xvda"), disk("xvdb", "/srv/tools.iso"), disk("xvdc", "/srv/./tools.iso")};
    two.disks[0].backend_domain = "storage";
    two.disks[1].readonly = two.disks[2].readonly = true;
    running(two);
    const auto three = running("three");
    expect_refused(attach(three, disk("xvda", "/srv//tools.iso")), Reason::operation_failed,
                   "used by domain 'one' as its disk xvdb");
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

TEST_F(Devices, ThatAnotherToolsGuestHasGotSinceAreNotWrittenByBoth) {
    xen.files = {{"/srv/disk.img", one_file}, {"/srv/link", one_file}};
    for (const std::string name : {"/srv/disk.img", "/srv/link"}) {
        auto web = guest_named("web");
        web.disks = {disk("xvda")};
        ASSERT_TRUE(end_of(manager->define(web)));
        xen.hold("create");  // as while it waits for memory
        const auto starting = begin(manager->start(web.uuid, {}));
        loop.run_for(seconds(1));
        auto other = guest_named("other");
        other.disks = {disk("xvda", name)};
        const auto others = xen.make(other);
        look();
        xen.release("create");
        const auto refused = end_of(starting);
        ASSERT_FALSE(refused) << name;
        EXPECT_THAT(refused.error().message, HasSubstr("is used by domain 'other' as its disk xvda"));
        EXPECT_EQ(info(web).domid, -1);
        EXPECT_EQ(xen.truth.size(), 2u) << "Domain-0 and the other";
        EXPECT_EQ(xen.count("unpause"), 0u);
        xen.vanish(others);
        look();
    }
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

}  // namespace
}  // namespace virtlight::manager
