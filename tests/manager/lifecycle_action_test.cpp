// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

using domain::Definition;
using domain::LifecycleAction;
using hypervisor::StopReason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LifecycleActions : public ::testing::Test, protected World {
 protected:
    Result<> set(const Definition& guest, LifecycleAction Definition::* occasion, LifecycleAction action,
                 Affects affects) {
        return end_of(manager->set_lifecycle_action(guest.uuid, {occasion, action}, affects));
    }
    LifecycleAction on_crash(const Definition& guest, Which which) {
        return manager->definition(guest.uuid, which)->on_crash;
    }

    static constexpr Affects both{.guest = true, .definition = true};
    static constexpr Affects guest_only{.guest = true};
    static constexpr Affects definition_only{.definition = true};
};

TEST_F(LifecycleActions, AreSetForTheGuestTheDefinitionOrBoth) {
    const auto guest = running("web");
    ASSERT_TRUE(set(guest, &Definition::on_crash, LifecycleAction::preserve, guest_only));
    EXPECT_EQ(on_crash(guest, Which::live), LifecycleAction::preserve);
    EXPECT_EQ(on_crash(guest, Which::stored), LifecycleAction::destroy);
    EXPECT_EQ(store.lives.at(guest.uuid).definition.on_crash, LifecycleAction::preserve);
    ASSERT_TRUE(set(guest, &Definition::on_crash, LifecycleAction::coredump_restart, definition_only));
    EXPECT_EQ(on_crash(guest, Which::live), LifecycleAction::preserve);
    EXPECT_EQ(store.domains.at(guest.uuid).definition.on_crash, LifecycleAction::coredump_restart);
    ASSERT_TRUE(set(guest, &Definition::on_crash, LifecycleAction::restart, both));
    EXPECT_EQ(on_crash(guest, Which::live), LifecycleAction::restart);
    EXPECT_EQ(on_crash(guest, Which::stored), LifecycleAction::restart);
}

TEST_F(LifecycleActions, OfAGuestThatRunsAreWhatIsDone) {
    const auto guest = running("web");
    ASSERT_TRUE(set(guest, &Definition::on_poweroff, LifecycleAction::restart, guest_only));
    events();
    xen.stop(1, StopReason::poweroff);
    look();
    EXPECT_EQ(info(guest).domid, 2);
    EXPECT_EQ(on_crash(guest, Which::stored), LifecycleAction::destroy);
}

TEST_F(LifecycleActions, ThatCannotBeAreRefused) {
    const auto guest = running("web");
    const auto dump = set(guest, &Definition::on_reboot, LifecycleAction::coredump_destroy, both);
    ASSERT_FALSE(dump);
    EXPECT_EQ(dump.error().reason, Reason::invalid_argument);
    EXPECT_THAT(dump.error().message,
                HasSubstr("coredump-destroy is for crashes only; allowed here: destroy, "));
    const auto off = defined("off");
    EXPECT_EQ(set(off, &Definition::on_crash, LifecycleAction::restart, guest_only).error().reason,
              Reason::invalid_state);
    const auto other = guest_named("foreign");
    xen.make(other);
    xen.call_for_attention();
    look();
    EXPECT_EQ(set(other, &Definition::on_crash, LifecycleAction::restart, guest_only).error().reason,
              Reason::unsupported_operation);
}

}  // namespace
}  // namespace virtlight::manager
