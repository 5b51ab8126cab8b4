// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/restart_test.hpp"

// Guests that are started with the host.

namespace virtlight::manager {
namespace {

TEST_F(Restart, StartsWhatIsToBeStartedBesideItsOwnWorkAndAFewAtATime) {
    std::vector<domain::Definition> guests;
    for (const auto* name : {"a", "b", "c", "d", "e"}) {
        guests.push_back(guest_named(name));
        store.domains[guests.back().uuid] = {guests.back(), true};
    }
    const auto other = guest_named("other");
    store.domains[other.uuid] = {other};
    xen.hold("create");
    start_up();
    settle();
    EXPECT_EQ(xen.count("create"), limits::autostarts_at_once);
    EXPECT_EQ(manager->list().size(), 7u) << "clients are served";
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    xen.release("create");
    settle();
    EXPECT_EQ(xen.count("create"), 5u);
    EXPECT_EQ(xen.truth.size(), 5u) << "Domain-0 and all but the one that failed";
    EXPECT_EQ(info(other).domid, -1);
}

TEST_F(Restart, DoesNotStartAgainInTheSameBootWhatWasToBeStartedWithIt) {
    start_up();
    const auto guest = running("web");
    end_of(manager->set_autostart(guest.uuid, true)).value();
    end_of(manager->destroy(guest.uuid)).value();
    restart();
    EXPECT_EQ(xen.count("create"), 1u) << "its owner has ended it";
    boot = "the next one";
    restart();
    EXPECT_EQ(xen.count("create"), 2u);
}

TEST_F(Restart, GoesOnWithTheAutostartThatADaemonHadNotFinished) {
    for (const auto* name : {"a", "b", "c"})
        store.domains[guest_named(name).uuid] = {guest_named(name), true};
    xen.hold("create");
    start_up();
    settle();
    restart();
    xen.release("create");
    settle();
    EXPECT_EQ(xen.truth.size(), 4u) << "Domain-0 and all three";
}

TEST_F(Restart, StartsAtTheNextBootAloneWhatIsToBeStartedOnce) {
    start_up();
    const auto guest = defined("web");
    end_of(manager->set_autostart_once(guest.uuid, true)).value();
    restart();
    EXPECT_EQ(xen.count("create"), 0u) << "the host has not booted";
    boot = "the next one";
    restart();
    settle();
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_FALSE(info(guest).autostart_once);
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart_once);
    end_of(manager->destroy(guest.uuid)).value();
    boot = "the one after it";
    restart();
    settle();
    EXPECT_EQ(xen.count("create"), 1u);
}

TEST_F(Restart, TriesOnceAlsoWhatCannotBeStarted) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest, false, true};
    xen.fail_next("create", {Reason::operation_failed, "no memory"});
    start_up();
    settle();
    EXPECT_EQ(info(guest).domid, -1);
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart_once);
}

TEST_F(Restart, StartsNothingOnceMoreThatRunsWhenItsBootHasCome) {
    start_up();
    const auto guest = running("web");
    end_of(manager->set_autostart_once(guest.uuid, true)).value();
    store.autostarted_in = "an earlier one";
    restart();
    settle();
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart_once);
}

TEST_F(Restart, LeavesToTheNextDaemonWhatTheLastOneHadNotStartedOnce) {
    const auto guest = guest_named("web");
    store.domains[guest.uuid] = {guest, false, true};
    xen.hold("create");
    start_up();
    settle();
    restart();
    xen.release("create");
    settle();
    EXPECT_GT(info(guest).domid, 0);
    EXPECT_FALSE(store.domains.at(guest.uuid).autostart_once);
}

TEST_F(Restart, DoesNotStartAgainWhatRuns) {
    start_up();
    const auto guest = running("web");
    end_of(manager->set_autostart(guest.uuid, true)).value();
    restart();
    EXPECT_EQ(xen.count("create"), 1u);
    EXPECT_EQ(info(guest).domid, 1);
}

}  // namespace
}  // namespace virtlight::manager
