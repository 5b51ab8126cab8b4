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
