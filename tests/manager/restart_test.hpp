// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>

#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {

/// A world whose first daemon starts when a test says so.
class Restart : public ::testing::Test, protected World {
 protected:
    Restart() : World(std::nullopt) {}

    /// As the store has it while a start is under way.
    domain::Definition half_made(bool made, bool paused) {
        const auto guest = guest_named("web");
        store.lives[guest.uuid] = {guest, 0};
        if (made) xen.make(guest, paused);
        return guest;
    }
};

}  // namespace virtlight::manager
