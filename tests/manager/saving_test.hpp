// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

namespace virtlight::manager {

/// A world in which guests are saved.
class Saving : public ::testing::Test, protected World {
 protected:
    void saved(const domain::Definition& guest) {
        const auto done = end_of(manager->managed_save(guest.uuid, {}));
        ASSERT_TRUE(done) << done.error().message;
        events();
    }
    void expect_refused(const Result<>& result, Reason reason, const std::string& words) {
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().reason, reason);
        EXPECT_THAT(result.error().message, ::testing::HasSubstr(words));
    }
    /// An HVM guest that runs, with so many of two vCPUs.
    domain::Definition running_hvm(unsigned vcpus) {
        auto guest = guest_named("web");
        guest.type = domain::GuestType::hvm;
        guest.vcpus_max = 2;
        guest.vcpus = vcpus;
        return running(guest);
    }
    void set_vcpus(const domain::Definition& guest, unsigned vcpus) {
        const auto set = end_of(manager->set_vcpus(guest.uuid, vcpus, {.guest = true}));
        ASSERT_TRUE(set) << set.error().message;
        look();
    }
    /// Paused, made from its managed image, by a start that failed and could not be undone.
    domain::Definition left_half_restored(const std::string& name) {
        const auto guest = running(name);
        saved(guest);
        xen.fail_next("unpause", {Reason::operation_failed, "it stays"});
        xen.fail_next("destroy", {Reason::operation_failed, "it hangs"});
        EXPECT_FALSE(end_of(manager->start(guest.uuid, {})));
        EXPECT_EQ(info(guest).status.state, domain::State::paused);
        return guest;
    }
    /// From its managed image.
    domain::Definition started_paused(const std::string& name) {
        const auto guest = running(name);
        saved(guest);
        EXPECT_TRUE(end_of(manager->start(guest.uuid, {.paused = true})));
        EXPECT_EQ(info(guest).status.state, domain::State::paused);
        return guest;
    }
    static Result<> to_nothing(const Result<DomainInfo>& result) {
        if (result) return {};
        return std::unexpected(result.error());
    }
    hypervisor::DomId domid_of(const domain::Definition& guest) {
        return static_cast<hypervisor::DomId>(info(guest).domid);
    }
    const std::filesystem::path path = "/tmp/web.save";
};

}  // namespace virtlight::manager
