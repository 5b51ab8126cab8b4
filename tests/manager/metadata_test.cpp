// SPDX-License-Identifier: LGPL-2.1-or-later
#include "domain/metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::Metadata;
using domain::MetadataKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MetadataOfDomains : public ::testing::Test, protected World {
 protected:
    Result<> set(const domain::Definition& guest, Affects affects, std::string title = "The web") {
        return end_of(
            manager->set_metadata(guest.uuid, {.kind = MetadataKind::title, .text = title}, affects));
    }
    std::string title(const domain::Definition& guest, Which which) {
        return manager->definition(guest.uuid, which)->title;
    }

    static constexpr Affects both{.guest = true, .definition = true};
    static constexpr Affects guest_only{.guest = true};
    static constexpr Affects definition_only{.definition = true};
};

TEST_F(MetadataOfDomains, AreSetForTheGuestTheDefinitionOrBothAndToldOnce) {
    const auto guest = running("web");
    events();
    ASSERT_TRUE(set(guest, guest_only, "live"));
    EXPECT_EQ(title(guest, Which::live), "live");
    EXPECT_EQ(title(guest, Which::stored), "");
    ASSERT_TRUE(set(guest, definition_only, "stored"));
    EXPECT_EQ(title(guest, Which::live), "live");
    EXPECT_EQ(title(guest, Which::stored), "stored");
    EXPECT_EQ(store.domains.at(guest.uuid).definition.title, "stored");
    ASSERT_TRUE(set(guest, both));
    EXPECT_EQ(title(guest, Which::live), "The web");
    EXPECT_EQ(title(guest, Which::stored), "The web");
    EXPECT_EQ(store.lives.at(guest.uuid).definition.title, "The web");
    EXPECT_THAT(events(), ElementsAre("web METADATA/1 ", "web METADATA/1 ", "web METADATA/1 "));
}

TEST_F(MetadataOfDomains, WithoutAWordAreThoseOfTheGuestThatRunsOrElseOfTheDefinition) {
    const auto guest = defined("web");
    ASSERT_TRUE(set(guest, {}));
    EXPECT_EQ(title(guest, Which::stored), "The web");
    EXPECT_EQ(set(guest, guest_only).error().reason, Reason::invalid_state);
}

TEST_F(MetadataOfDomains, ThatCannotBeAreRefusedAndToldToNobody) {
    const auto guest = running("web");
    events();
    EXPECT_EQ(set(guest, both, "two\nlines").error().reason, Reason::invalid_argument);
    EXPECT_EQ(title(guest, Which::live), "");
    EXPECT_EQ(set({.uuid = Uuid::random()}, {}).error().reason, Reason::no_domain);
    EXPECT_THAT(events(), IsEmpty());
}

TEST_F(MetadataOfDomains, OfTheGuestAndOfTheDefinitionAreReadInAStepEach) {
    const auto guest = running("web");
    const auto writes = store.writes;
    const Metadata words{.kind = MetadataKind::title, .text = "The web"};
    const auto pending = begin(manager->set_metadata(guest.uuid, words, both));
    EXPECT_EQ(store.writes, writes) << "the definition's turn is still to come";
    ASSERT_TRUE(end_of(pending));
    EXPECT_EQ(title(guest, Which::stored), "The web");
}

TEST_F(MetadataOfDomains, LeaveAGuestAloneThatHasEndedWhileTheDefinitionWasWritten) {
    const auto guest = running("web");
    store.hold();
    const Metadata words{.kind = MetadataKind::title, .text = "The web"};
    const auto pending = begin(manager->set_metadata(guest.uuid, words, both));
    settle();
    xen.vanish(domid(guest));
    look();
    store.release();
    ASSERT_TRUE(end_of(pending));
    EXPECT_EQ(title(guest, Which::stored), "The web");
    EXPECT_EQ(info(guest).domid, -1);
}

}  // namespace
}  // namespace virtlight::manager
