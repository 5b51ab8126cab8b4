// SPDX-License-Identifier: LGPL-2.1-or-later
// How the races between libxl and libvirt's event loop were found in 2012: saving and restoring without
// pause.

#include <filesystem>

#include "base/limits.hpp"
#include "libxl/referee.hpp"
#include "libxl/save_fixture.hpp"
#include "libxl/schedule.hpp"

namespace virtlight::fake {
namespace {

constexpr int rounds = 2;

class LoopOf2012 : public SaveTest {
 protected:
    /// A guest that is saved, gone and back, over and over.
    static async::Task<Result<>> save_and_restore(Host& host, domain::Definition definition, unsigned domid) {
        auto& xen = host.hypervisor();
        const hypervisor::ImageHead head{.definition = definition};
        const hypervisor::KnownImage image{std::filesystem::path(Disk::folder) / definition.name,
                                           hypervisor::format_image_head(head)};
        for (int round = 0; round < rounds; ++round) {
            auto saved = co_await xen.save(domid, head, image.path, host.operation());
            if (!saved) co_return saved;
            if (auto gone = co_await xen.destroy(domid, host.operation()); !gone) co_return gone;
            auto restored = co_await xen.restore(definition, image, host.operation());
            if (!restored) co_return std::unexpected(restored.error());
            domid = restored->domid;
            if (auto runs = co_await xen.unpause(domid, host.operation()); !runs) co_return runs;
        }
        co_return co_await xen.destroy(domid, host.operation());
    }

    /// A second client, with a guest of its own that is deaf, until nobody saves any more.
    static async::Task<Result<>> disturb(Host& host, unsigned domid, std::shared_ptr<unsigned> savers) {
        auto& xen = host.hypervisor();
        for (std::uint64_t life = 1; *savers > 0; ++life) {
            xen.follow({life}, domid);
            host.xenstore().fire("@releaseDomain");
            async::CancelSource impatience;
            const auto shutdown = host.start(xen.request_shutdown(
                domid, hypervisor::ShutdownMethod::paravirtual, host.operation(impatience)));
            if (auto paused = co_await xen.pause(domid, host.operation()); !paused) co_return paused;
            if (auto seen = co_await xen.look(); !seen) co_return std::unexpected(seen.error());
            impatience.cancel();
            if (auto runs = co_await xen.unpause(domid, host.operation()); !runs) co_return runs;
            xen.unfollow({life});
        }
        co_return Result<>{};
    }

    /// Saves and restores guests at once, with somebody else in between.
    void run_in_schedule(unsigned seed, unsigned guests = 2) {
        perturb_with(seed);
        const auto savers = std::make_shared<unsigned>(guests);
        std::vector<Pending<Result<>>> saving;
        for (unsigned i = 0; i < guests; ++i) {
            run();
            saving.push_back(host_.start(save_and_restore(host_, definition_, domid_)));
        }
        const auto other = host_.machine.add("other");
        const auto disturbing = host_.start(disturb(host_, other, savers));
        for (const auto& each : saving) {
            const auto done = host_.finish(each);
            EXPECT_TRUE(done) << done.error().message;
            --*savers;
        }
        const auto disturbed = host_.finish(disturbing);
        EXPECT_TRUE(disturbed) << disturbed.error().message;
        host_.machine.remove(other);
        EXPECT_TRUE(no_guest_is_left());
        perturb_with(0);
    }

    static std::size_t open_files() {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
    }
};

TEST_F(LoopOf2012, LeavesNothingInEverySchedule) {
    auto& referee = Referee::get();
    referee.begin();
    const auto timeouts = referee.timeouts();  // of contexts that other tests have left behind
    // What a context opens for its first save stays open: all of them save now.
    run_in_schedule(1, limits::imaging_contexts);
    const auto files = open_files();
    const auto descriptors = referee.descriptors();
    // Each takes as long as many of a scenario.
    for (unsigned seed = 2; seed <= 1 + schedules() / 10; ++seed) {
        run_in_schedule(seed);
        ASSERT_FALSE(HasFailure()) << "in the schedule of seed " << seed;
    }
    EXPECT_EQ(referee.faults(), std::vector<std::string>{});
    EXPECT_TRUE(host_.until([&] { return open_files() <= files; }));
    EXPECT_TRUE(host_.until([&] { return referee.descriptors() <= descriptors; }));
    EXPECT_TRUE(host_.until([&] { return referee.timeouts() <= timeouts; }));
}

}  // namespace
}  // namespace virtlight::fake
