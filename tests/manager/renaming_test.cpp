// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Renaming : public ::testing::Test, protected World {
 protected:
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, HasSubstr(words));
    }
    bool is_called(const domain::Definition& guest, const std::string& name) {
        const auto found = manager->find_by_name(name);
        return found && found->uuid == guest.uuid && info(guest).name == name &&
               manager->definition(guest.uuid, Which::live)->name == name;
    }
};

TEST_F(Renaming, GivesADefinitionAnotherNameAndTellsBoth) {
    const auto guest = defined("old");
    EXPECT_TRUE(end_of(manager->rename(guest.uuid, "new")));
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_FALSE(manager->find_by_name("old"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
    EXPECT_THAT(events(), ElementsAre("old UNDEFINED/1", "new DEFINED/2"));
    restart();
    EXPECT_TRUE(is_called(guest, "new"));
}

TEST_F(Renaming, OfAGuestThatRunsRenamesItInXen) {
    const auto guest = running("old");
    EXPECT_TRUE(end_of(manager->rename(guest.uuid, "new")));
    EXPECT_EQ(xen.truth.at(1).name, "new");
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(store.lives.at(guest.uuid).definition.name, "new");
    look();
    EXPECT_THAT(events(), ElementsAre("old UNDEFINED/1", "new DEFINED/2"));
}

TEST_F(Renaming, FreesTheOldNameAndTakesTheNew) {
    const auto guest = defined("old");
    ASSERT_TRUE(end_of(manager->rename(guest.uuid, "new")));
    auto other = guest_named("old");
    other.uuid.bytes[0] ^= 1;
    EXPECT_TRUE(end_of(manager->define(other)));
    expect_refused(end_of(manager->rename(other.uuid, "new")), Reason::invalid_state, "already exists");
}

TEST_F(Renaming, TakesTheNameWhileItIsOnItsWay) {
    const auto guest = defined("old");
    store.hold();
    const auto renaming = begin(manager->rename(guest.uuid, "new"));
    settle();
    EXPECT_FALSE(end_of(manager->define(guest_named("new"))));
    store.release();
    EXPECT_TRUE(end_of(renaming));
}

TEST_F(Renaming, KeepsTheOldNameUntilItIsSureNotToGoBack) {
    const auto guest = defined("old");
    auto other = guest_named("old");
    other.uuid.bytes[0] ^= 1;
    store.hold();
    store.fail_write(1);
    const auto renaming = begin(manager->rename(guest.uuid, "new"));
    settle();
    EXPECT_FALSE(end_of(manager->define(other)));
    store.release();
    EXPECT_FALSE(end_of(renaming));
    EXPECT_TRUE(is_called(guest, "old"));
    ASSERT_TRUE(end_of(manager->rename(guest.uuid, "new")));
    EXPECT_TRUE(end_of(manager->define(other)));
}

TEST_F(Renaming, RefusesWhatWaitedToBeDoneUnderTheOldName) {
    const auto guest = defined("old");
    store.hold();
    const auto before = begin(manager->set_autostart(guest.uuid, true));
    const auto renaming = begin(manager->rename(guest.uuid, "new"));
    const auto defining = begin(manager->define(guest));
    const auto creating = begin(manager->create(guest, {}));
    settle();
    store.release();
    EXPECT_TRUE(end_of(renaming));
    for (const auto& late : {end_of(defining), end_of(creating)}) {
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().reason, Reason::domain_exists);
        EXPECT_THAT(late.error().message, HasSubstr("domain 'new' is already defined"));
    }
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
}

TEST_F(Renaming, ByAnotherToolOutlivesWhatIsBeingStoredMeanwhile) {
    const auto guest = running("old");
    store.hold();
    const auto defining = begin(manager->define(guest));
    xen.truth.at(1).name = "new";
    look();
    store.release();
    EXPECT_TRUE(end_of(defining));
    settle();
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(manager->definition(guest.uuid, Which::stored)->name, "new");
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
}

TEST_F(Renaming, IsNotWhatAnotherToolDoesThatRunsAGuestUnderAnotherName) {
    const auto guest = defined("ours");
    auto theirs = guest;
    theirs.name = "theirs";
    xen.make(theirs);
    xen.call_for_attention();
    look();
    look();
    EXPECT_EQ(info(guest).domid, 1);
    EXPECT_TRUE(is_called(guest, "ours"));
}

TEST_F(Renaming, IsRefusedWhereLibvirtRefusesIt) {
    const auto guest = defined("web");
    defined("taken");
    expect_refused(end_of(manager->rename(guest.uuid, "taken")), Reason::invalid_state,
                   "cannot rename domain 'web': domain with name 'taken' already exists");
    expect_refused(end_of(manager->rename(guest.uuid, "web")), Reason::invalid_state, "already");
    for (const auto* name : {"", "a/b", ".."})
        expect_refused(end_of(manager->rename(guest.uuid, name)), Reason::invalid_argument, "name");
    const auto passing = guest_named("passing");
    ASSERT_TRUE(end_of(manager->create(passing, {})));
    expect_refused(end_of(manager->rename(passing.uuid, "x")), Reason::invalid_state, "transient");
    expect_refused(end_of(manager->rename(Uuid(), "x")), Reason::invalid_state, "Domain-0");
    ASSERT_TRUE(end_of(manager->start(guest.uuid, {})));
    ASSERT_TRUE(end_of(manager->managed_save(guest.uuid, {})));
    events();
    expect_refused(end_of(manager->rename(guest.uuid, "x")), Reason::invalid_state,
                   "remove the image (managedsave-remove)");
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Renaming, ThatFailsAnywhereHasNotHappened) {
    const auto guest = running("old");
    xen.fail_next("rename", {Reason::operation_failed, "xl has taken it"});
    expect_refused(end_of(manager->rename(guest.uuid, "new")), Reason::operation_failed, "xl has taken it");
    store.fail_write(1);
    expect_refused(end_of(manager->rename(guest.uuid, "new")), Reason::io, "the disk is full");
    EXPECT_EQ(xen.truth.at(1).name, "old");
    EXPECT_TRUE(is_called(guest, "old"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "old");
    look();
    EXPECT_THAT(events(), IsEmpty());
    restart();
    EXPECT_TRUE(is_called(guest, "old"));
}

TEST_F(Renaming, ByAnotherToolIsFollowedInTheLifeInWhichItWas) {
    const auto guest = running("old");
    store.hold();
    const auto before = begin(manager->set_autostart(guest.uuid, true));
    xen.truth.at(1).name = "new";
    look();
    const auto ending = begin(manager->destroy(guest.uuid));
    const auto again = begin(manager->start(guest.uuid, {}));
    store.release();
    EXPECT_TRUE(end_of(again));
    look();
    EXPECT_TRUE(is_called(guest, "old"));
    EXPECT_EQ(xen.truth.at(2).name, "old");
}

TEST_F(Renaming, ThatXenDoesNotTakeBackHoldsUpNobodyAndIsFollowed) {
    const auto guest = running("old");
    store.fail_write(1);
    xen.before_effect = [this](const std::string& call) {
        if (call == "rename") xen.hold(call);  // the next one: the way back
    };
    const auto renaming = begin(manager->rename(guest.uuid, "new"));
    loop.run_for(limits::tuning_deadline + seconds(1));
    ASSERT_TRUE(renaming->has_value());
    expect_refused(**renaming, Reason::io, "the disk is full");
    EXPECT_TRUE(end_of(manager->set_autostart(guest.uuid, true)));
    look();
    EXPECT_TRUE(is_called(guest, "new")) << "as Xen calls it";
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
}

TEST_F(Renaming, ByAnotherToolIsTriedAgainUntilItIsWrittenDown) {
    const auto guest = running("old");
    xen.truth.at(1).name = "new";
    store.fail_write(1);
    look();
    EXPECT_TRUE(is_called(guest, "old")) << "as the store has it";
    look();
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
    EXPECT_THAT(events(), ElementsAre("old UNDEFINED/1", "new DEFINED/2"));
}

TEST_F(Renaming, ByAnotherToolIsFollowedAndWrittenDown) {
    const auto guest = running("old");
    xen.truth.at(1).name = "new";
    look();
    settle();
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
    EXPECT_THAT(events(), ElementsAre("old UNDEFINED/1", "new DEFINED/2"));
}

TEST_F(Renaming, ByAnotherToolWhileTheDaemonIsAwayIsFollowed) {
    const auto guest = running("old");
    xen.truth.at(1).name = "new";
    restart();
    look();
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "new");
}

TEST_F(Renaming, ByAnotherToolWhileTheDaemonIsAwayIsFollowedBeforeClientsCome) {
    const auto guest = running("old");
    xen.truth.at(1).name = "new";
    restart();
    const auto defined = end_of(manager->define(guest));
    ASSERT_FALSE(defined);
    EXPECT_EQ(defined.error().reason, Reason::domain_exists);
    EXPECT_TRUE(is_called(guest, "new"));
}

TEST_F(Renaming, ByAnotherToolToTheFormerNameOfAnotherIsFollowedInAnyOrder) {
    const auto one = running("one");
    const auto two = running("two");
    log::set_level(log::Level::error);
    xen.truth.at(1).name = "two";
    xen.truth.at(2).name = "three";
    restart();
    look();
    EXPECT_TRUE(is_called(one, "two"));
    EXPECT_TRUE(is_called(two, "three"));
    xen.truth.at(2).name = "two";
    xen.truth.at(1).name = "four";
    restart();
    look();
    EXPECT_TRUE(is_called(one, "four"));
    EXPECT_TRUE(is_called(two, "two"));
}

TEST_F(Renaming, ByAnotherToolOfTwoToEachOthersNamesIsFollowed) {
    const auto one = running("one");
    const auto two = running("two");
    log::set_level(log::Level::error);
    const auto swap = [&] { std::swap(xen.truth.at(1).name, xen.truth.at(2).name); };
    swap();
    look();
    look();
    EXPECT_TRUE(is_called(one, "two"));
    EXPECT_TRUE(is_called(two, "one"));
    swap();
    restart();
    look();
    EXPECT_TRUE(is_called(one, "one")) << "also while no daemon looked";
    EXPECT_TRUE(is_called(two, "two"));
    EXPECT_EQ(store.domains.at(one.uuid).definition.name, "one");
    EXPECT_EQ(store.domains.at(two.uuid).definition.name, "two");
}

TEST_F(Renaming, ByAnotherToolInARingIsFollowedWhicheverWriteFailsAndNeverLeavesTwoOfOneName) {
    const std::vector<domain::Definition> guests{running("one"), running("two"), running("three")};
    log::set_level(log::Level::error);
    std::size_t fewest = guests.size();
    store.around_write = [&] {
        std::set<std::string> names;
        for (const auto& [uuid, stored] : store.domains)
            names.insert(stored.definition.name);
        fewest = std::min(fewest, names.size());
    };
    for (unsigned nth = 1; nth <= 12; ++nth) {
        SCOPED_TRACE(nth);
        std::swap(xen.truth.at(1).name, xen.truth.at(2).name);
        std::swap(xen.truth.at(2).name, xen.truth.at(3).name);
        store.fail_write(nth);
        restart();
        restart();
        look();
        look();
        for (const auto& guest : guests)
            EXPECT_TRUE(is_called(guest, xen.truth.at(domid(guest)).name)) << guest.name;
    }
    EXPECT_EQ(fewest, guests.size());
    store.around_write = [] {};
}

TEST_F(Renaming, ByAnotherToolToANameOfOursIsNotFollowedUntilThatIsFree) {
    const auto guest = running("old");
    const auto other = defined("taken");
    log::set_level(log::Level::error);
    xen.truth.at(1).name = "taken";
    look();
    EXPECT_TRUE(is_called(guest, "old"));
    EXPECT_TRUE(is_called(other, "taken"));
    EXPECT_THAT(events(), IsEmpty());
    look();
    EXPECT_EQ(manager->find(guest.uuid)->name, "old");
    ASSERT_TRUE(end_of(manager->undefine(other.uuid)));
    look();
    EXPECT_TRUE(is_called(guest, "taken"));
}

TEST_F(Renaming, ByAnotherToolToWhatIsNoNameIsNotFollowed) {
    const auto guest = running("old");
    log::set_level(log::Level::error);
    xen.truth.at(1).name = "a/b";
    look();
    EXPECT_TRUE(is_called(guest, "old"));
    EXPECT_EQ(store.domains.at(guest.uuid).definition.name, "old") << "or it could not be read back";
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(Renaming, ByAnotherToolIsFollowedWhenThereIsRoomForIt) {
    const auto guest = running("old");
    xen.hold("shutdown");
    std::vector<Pending<Result<>>> asked;
    for (std::size_t i = 0; i <= limits::jobs_per_domain; ++i)
        asked.push_back(begin(manager->shutdown(guest.uuid, {})));
    xen.truth.at(1).name = "new";
    look();
    EXPECT_TRUE(is_called(guest, "old"));
    xen.release("shutdown");
    for (const auto& pending : asked)
        EXPECT_TRUE(end_of(pending));
    look();
    EXPECT_TRUE(is_called(guest, "new"));
}

TEST_F(Renaming, OfAnotherToolsGuestIsFollowedToo) {
    const auto guest = guest_named("old");
    xen.make(guest);
    xen.call_for_attention();
    look();
    events();
    xen.truth.at(1).name = "new";
    look();
    EXPECT_TRUE(is_called(guest, "new"));
    EXPECT_THAT(events(), IsEmpty()) << "nothing is defined";
    EXPECT_TRUE(store.lives.empty());
    EXPECT_TRUE(store.domains.empty());
}

}  // namespace
}  // namespace virtlight::manager
