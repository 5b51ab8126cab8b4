// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <iterator>

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "hypervisor/image.hpp"
#include "libxl/disk.hpp"
#include "libxl/host_fixture.hpp"
#include "libxl/save_process.hpp"

namespace virtlight::fake {

class SaveTest : public HostTest {
 protected:
    /// A guest that suspends itself when it is asked to.
    void run(domain::GuestType type = domain::GuestType::pv) {
        definition_ = host_.definition(type);
        host_.guests().teach(definition_.name, Habit::obeys);
        domid_ = host_.running(definition_);
        ASSERT_NE(domid_, 0U);
    }
    hypervisor::ImageHead head() const { return {.definition = definition_}; }
    /// Where the stream begins in the image.
    std::size_t stream_start() const { return hypervisor::format_image_head(head()).size(); }

    Pending<Result<>> start_save() {
        return host_.start(host_.hypervisor().save(domid_, head(), image_, host_.operation(stop_)));
    }
    /// By somebody who takes what is in the image for this guest.
    Pending<Result<hypervisor::Created>> start_restore() {
        const hypervisor::KnownImage image{image_, hypervisor::format_image_head(head())};
        return host_.start(host_.hypervisor().restore(definition_, image, host_.operation(stop_)));
    }
    Result<> destroy() { return host_.run(host_.hypervisor().destroy(domid_, host_.operation())); }

    void expect_saved(const Pending<Result<>>& save) {
        const auto saved = host_.finish(save);
        ASSERT_TRUE(saved) << saved.error().message
                           << fmt::format(" {}", fmt::join(saved.error().details, "; "));
        EXPECT_EQ(host_.xen().find(domid_)->stopped, Stop::suspend);
        EXPECT_TRUE(std::filesystem::exists(image_));
    }
    void expect_restored(const Pending<Result<hypervisor::Created>>& restore) {
        const auto restored = host_.finish(restore);
        ASSERT_TRUE(restored) << restored.error().message;
        domid_ = restored->domid;
        ASSERT_TRUE(host_.run(host_.hypervisor().unpause(domid_, host_.operation())));
        EXPECT_TRUE(host_.xen().find(domid_)->runs());
    }
    /// A guest that is saved, and is gone.
    void run_and_save() {
        run();
        expect_saved(start_save());
        ASSERT_TRUE(destroy());
        ASSERT_TRUE(no_guest_is_left());
    }

    /// A save that came to nothing has left the guest as it was, and can be tried again.
    void expect_only_the_guest_is_left() {
        EXPECT_TRUE(host_.until([&] { return host_.xen().find(domid_)->runs(); })) << "it stays suspended";
        EXPECT_TRUE(Disk::is_empty());
        stop_ = {};
        expect_saved(start_save());
    }
    /// A restore that came to nothing has left the image as it was, and can be tried again.
    void expect_only_the_image_is_left() {
        EXPECT_TRUE(no_guest_is_left());
        stop_ = {};
        expect_restored(start_restore());
    }
    /// The host does other things meanwhile.
    void expect_nobody_else_waits() {
        const auto other = host_.machine.add("other");
        EXPECT_TRUE(host_.run(host_.hypervisor().pause(other, host_.operation())));
        EXPECT_NE(host_.running(host_.definition()), 0U);
        EXPECT_TRUE(seen(other));
    }

    bool process_is_at(const char* step) {
        return host_.until([&] { return SaveProcesses::is_at(step); });
    }

    Disk disk_;
    SaveProcesses processes_;
    domain::Definition definition_;
    unsigned domid_ = 0;
    std::filesystem::path image_ = std::filesystem::path(Disk::folder) / "image";
    async::CancelSource stop_;
};

}  // namespace virtlight::fake
