// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Definitions : public ::testing::Test, protected World {};

TEST_F(Definitions, AreStoredAndListed) {
    const auto guest = guest_named("web");
    const auto defined = end_of(manager->define(guest));
    ASSERT_TRUE(defined) << defined.error().message;
    EXPECT_EQ(defined->name, "web");
    EXPECT_EQ(defined->domid, -1);
    EXPECT_TRUE(defined->persistent);
    EXPECT_FALSE(defined->autostart);
    EXPECT_EQ(defined->status.state, domain::State::shutoff);
    EXPECT_EQ(store.domains.at(guest.uuid).definition, guest);
    EXPECT_EQ(manager->find_by_name("web")->uuid, guest.uuid);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored), guest);
    EXPECT_EQ(manager->definition(guest.uuid, Which::live), guest);
    EXPECT_THAT(events(), ElementsAre("web DEFINED/0"));
}

TEST_F(Definitions, AreThereWhenTheEventIsTold) {
    const auto guest = guest_named("web");
    bool was_there = false;
    const auto subscription =
        manager->subscribe([&](const domain::Event&) { was_there = manager->find(guest.uuid).has_value(); });
    end_of(manager->define(guest)).value();
    EXPECT_TRUE(was_there);
}

TEST_F(Definitions, AreReplacedUnderTheSameNameAndUuid) {
    auto guest = defined("web");
    guest.vcpus_max = 4;
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus_max, 4u);
    EXPECT_THAT(events(), ElementsAre("web DEFINED/1"));
}

TEST_F(Definitions, OfOneNameAndTwoUuidsAreRefused) {
    defined("web");
    auto other = guest_named("web");
    other.uuid = guest_named("other").uuid;
    const auto refused = end_of(manager->define(other));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::domain_exists);
    EXPECT_THAT(refused.error().message, HasSubstr("cannot define domain 'web'"));
    EXPECT_THAT(refused.error().message, HasSubstr("already exists with uuid"));
    EXPECT_FALSE(exists(other));
}

TEST_F(Definitions, OfOneUuidAndTwoNamesAreRefused) {
    defined("web");
    auto other = guest_named("web");
    other.name = "other";
    const auto refused = end_of(manager->define(other));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::domain_exists);
    EXPECT_THAT(refused.error().message, HasSubstr("domain 'web' is already defined with uuid"));
    EXPECT_FALSE(manager->find_by_name("other"));
}

TEST_F(Definitions, HoldTheirNameFromTheMomentTheyAreAskedFor) {
    store.hold();
    const auto first = begin(manager->define(guest_named("web")));
    auto other = guest_named("web");
    other.uuid = guest_named("other").uuid;
    const auto second = begin(manager->define(other));
    settle();
    ASSERT_TRUE(second->has_value());
    EXPECT_EQ((*second)->error().reason, Reason::domain_exists);
    EXPECT_FALSE(exists(guest_named("web"))) << "it is not stored yet";
    EXPECT_EQ(manager->list().size(), 1u) << "Domain-0";
    store.release();
    EXPECT_TRUE(end_of(first));
}

TEST_F(Definitions, LeaveNothingWhenTheStoreFails) {
    const auto guest = guest_named("web");
    store.fail_write(1);
    const auto failed = end_of(manager->define(guest));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().reason, Reason::io);
    EXPECT_EQ(failed.error().message, "cannot define domain 'web': the disk is full");
    EXPECT_FALSE(exists(guest));
    EXPECT_THAT(events(), IsEmpty());
    auto other = guest;
    other.uuid = guest_named("other").uuid;
    EXPECT_TRUE(end_of(manager->define(other))) << "the name is free again";
}

TEST_F(Definitions, StayAsTheyWereWhenTheStoreFails) {
    auto guest = defined("web");
    guest.vcpus_max = 4;
    store.fail_write(1);
    EXPECT_FALSE(end_of(manager->define(guest)));
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored), guest_named("web"));

    store.fail_write(1);
    EXPECT_FALSE(end_of(manager->undefine(guest.uuid)));
    EXPECT_TRUE(exists(guest));

    store.fail_write(1);
    EXPECT_FALSE(end_of(manager->set_autostart(guest.uuid, true)));
    EXPECT_FALSE(info(guest).autostart);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Definitions, AreForgottenByUndefine) {
    const auto guest = defined("web");
    EXPECT_TRUE(end_of(manager->undefine(guest.uuid)));
    EXPECT_FALSE(exists(guest));
    EXPECT_FALSE(manager->find_by_name("web"));
    EXPECT_TRUE(store.domains.empty());
    EXPECT_THAT(events(), ElementsAre("web UNDEFINED/0"));
    const auto again = end_of(manager->undefine(guest.uuid));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, Reason::no_domain);
}

TEST_F(Definitions, LeaveARunningGuestBehindAsTransient) {
    const auto guest = running("web");
    EXPECT_TRUE(end_of(manager->undefine(guest.uuid)));
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_EQ(info(guest).status.state, domain::State::running);
    const auto refused = end_of(manager->undefine(guest.uuid));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_state);
    EXPECT_THAT(refused.error().message, HasSubstr("transient"));

    EXPECT_TRUE(end_of(manager->destroy(guest.uuid)));
    EXPECT_FALSE(exists(guest)) << "a transient domain goes with its guest";
    EXPECT_THAT(events(), ElementsAre("web UNDEFINED/0", "web STOPPED/1"));
}

TEST_F(Definitions, OfARunningGuestLeaveTheLiveOneAlone) {
    auto guest = running("web");
    EXPECT_FALSE(manager->is_updated(guest.uuid).value()) << "ttys are no difference";
    guest.vcpus_max = 4;
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_EQ(manager->definition(guest.uuid, Which::live)->vcpus_max, 1u);
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->vcpus_max, 4u);
    EXPECT_TRUE(manager->is_updated(guest.uuid).value());
}

TEST_F(Definitions, ThatCouldNotBeReadBackAreRefused) {
    auto guest = guest_named("web");
    guest.description = std::string(limits::xml_bytes / 8, '&');  // which is written as five bytes each
    const auto defined = end_of(manager->define(guest));
    ASSERT_FALSE(defined);
    EXPECT_EQ(defined.error().reason, Reason::invalid_argument);
    EXPECT_THAT(defined.error().message, HasSubstr("too long to be kept"));
    EXPECT_FALSE(end_of(manager->create(guest, {})));
    EXPECT_FALSE(exists(guest));
    EXPECT_TRUE(store.domains.empty());
    EXPECT_EQ(xen.count("create"), 0u);
    guest.description.resize(limits::xml_bytes / 16);
    EXPECT_TRUE(end_of(manager->define(guest)));
}

TEST_F(Definitions, MakeATransientGuestPersistent) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {})).value();
    events();
    EXPECT_FALSE(info(guest).persistent);
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_TRUE(info(guest).persistent);
    EXPECT_THAT(events(), ElementsAre("web DEFINED/0"));
}

TEST_F(Definitions, KeepTheAutostartFlag) {
    auto guest = defined("web");
    EXPECT_TRUE(end_of(manager->set_autostart(guest.uuid, true)));
    EXPECT_TRUE(info(guest).autostart);
    EXPECT_TRUE(store.domains.at(guest.uuid).autostart);
    guest.vcpus_max = 2;
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_TRUE(info(guest).autostart);
    EXPECT_TRUE(store.domains.at(guest.uuid).autostart);
    EXPECT_TRUE(end_of(manager->set_autostart(guest.uuid, false)));
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart);
}

TEST_F(Definitions, KeepThatTheyAreStartedAtTheNextBootUntilTheyGo) {
    auto guest = defined("web");
    EXPECT_TRUE(end_of(manager->set_autostart_once(guest.uuid, true)));
    EXPECT_TRUE(info(guest).autostart_once);
    EXPECT_FALSE(info(guest).autostart);
    guest.vcpus_max = 2;
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_TRUE(end_of(manager->set_autostart(guest.uuid, true)));
    EXPECT_TRUE(end_of(manager->set_autostart(guest.uuid, false)));
    EXPECT_TRUE(info(guest).autostart_once);
    EXPECT_TRUE(store.domains.at(guest.uuid).autostart_once);
    EXPECT_TRUE(end_of(manager->undefine(guest.uuid, false)));
    EXPECT_TRUE(end_of(manager->define(guest)));
    EXPECT_FALSE(info(guest).autostart_once);
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart_once);
}

TEST_F(Definitions, AreNeededForAutostart) {
    const auto guest = guest_named("web");
    end_of(manager->create(guest, {})).value();
    const auto refused = end_of(manager->set_autostart(guest.uuid, true));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::invalid_state);
    EXPECT_EQ(
        refused.error().message,
        "cannot set autostart of domain 'web': the domain is transient: nothing is stored of it until it is "
        "defined");
}

}  // namespace
}  // namespace virtlight::manager
