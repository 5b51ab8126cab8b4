// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manager/world.hpp"

/// The daemon is killed at each moment of a save and of a start, and the next one looks at what is there.
namespace virtlight::manager {
namespace {

/// What survives the daemon.
struct Host {
    std::map<Uuid, Stored> domains;
    std::map<Uuid, StoredLife> lives;
    std::set<Uuid> images;
    std::set<Uuid> images_aside;
    std::map<hypervisor::DomId, hypervisor::DomainSeen> truth;
    std::map<hypervisor::DomId, domain::Definition> definitions;
    std::map<std::filesystem::path, hypervisor::ImageHead> files;
    bool has_run = false;  ///< since the recording began
};

class Recorder : public World {
 public:
    const domain::Definition guest = running("web");

    void save() { ASSERT_TRUE(end_of(manager->managed_save(guest.uuid, {}))); }
    /// Every state of the host while the task is done.
    template <class T>
    std::vector<Host> record(async::Task<T> task) {
        moments_.clear();
        store.around_write = [this] { note(); };
        xen.before_effect = [this](const auto&) { note(); };
        static_cast<void>(end_of(std::move(task)));
        look();
        note();
        return std::move(moments_);
    }

 private:
    void note() {
        const bool had_run = !moments_.empty() && moments_.back().has_run;
        moments_.push_back({store.domains, store.lives, store.images, store.images_aside, xen.truth,
                            xen.definitions, xen.images, had_run || runs()});
    }
    bool runs() const {
        return std::ranges::any_of(xen.truth, [](const auto& entry) {
            return entry.first != 0 && !entry.second.paused && !entry.second.stopped;
        });
    }
    std::vector<Host> moments_;
};

/// The next daemon on that host.
class Next : public World {
 public:
    explicit Next(const Host& host) : World(std::nullopt) {
        store.domains = host.domains;
        store.lives = host.lives;
        store.images = host.images;
        store.images_aside = host.images_aside;
        xen.truth = host.truth;
        xen.definitions = host.definitions;
        xen.images = host.files;
        start_up();
        look();
    }
    bool runs(const domain::Definition& guest) { return info(guest).domid > 0; }
    bool trusts_image(const domain::Definition& guest) { return info(guest).managed_image; }
};

Host without_guests(Host host) {
    std::erase_if(host.truth, [](const auto& entry) { return entry.first != 0; });
    return host;
}

Host after_a_power_cut(const Host& host) {
    auto after = without_guests(host);
    for (auto& [uuid, life] : after.lives)
        life.over = true;
    return after;
}

void expect_one_of_guest_and_image(const std::vector<Host>& moments, const domain::Definition& guest) {
    ASSERT_GT(moments.size(), 5u);
    for (std::size_t i = 0; i < moments.size(); ++i) {
        Next next(moments[i]);
        EXPECT_NE(next.runs(guest), next.trusts_image(guest)) << "at moment " << i;
        if (next.trusts_image(guest))
            EXPECT_TRUE(next.end_of(next.manager->start(guest.uuid, {}))) << "at moment " << i;
    }
}

TEST(SavingCrash, OfASaveLeavesTheGuestOrItsImage) {
    Recorder host;
    const auto moments = host.record(host.manager->managed_save(host.guest.uuid, {}));
    expect_one_of_guest_and_image(moments, host.guest);
}

TEST(SavingCrash, OfASaveOfAGuestThatDidNotRebootAsAskedLeavesTheGuestOrItsImage) {
    Recorder host;
    ASSERT_TRUE(host.end_of(host.manager->reboot(host.guest.uuid, hypervisor::ShutdownMethod::acpi)));
    const auto moments = host.record(host.manager->managed_save(host.guest.uuid, {}));
    expect_one_of_guest_and_image(moments, host.guest);
    for (const auto& moment : moments) {
        if (!moment.images.contains(host.guest.uuid)) continue;
        Next next(without_guests(moment));
        EXPECT_FALSE(next.runs(host.guest));
        EXPECT_TRUE(next.trusts_image(host.guest));
    }
}

TEST(SavingCrash, OfAStartFromAnImageLeavesTheGuestOrItsImage) {
    Recorder host;
    host.save();
    const auto moments = host.record(host.manager->start(host.guest.uuid, {}));
    expect_one_of_guest_and_image(moments, host.guest);
}

TEST(SavingCrash, OfAPausedStartFromAnImageLeavesTheImageWhateverThereIsOfTheGuest) {
    Recorder host;
    host.save();
    const auto moments = host.record(host.manager->start(host.guest.uuid, {.paused = true}));
    ASSERT_GT(moments.size(), 4u);
    EXPECT_TRUE(Next(moments.back()).runs(host.guest)) << "it is not destroyed for that";
    for (std::size_t i = 0; i < moments.size(); ++i) {
        EXPECT_TRUE(Next(moments[i]).trusts_image(host.guest)) << "at moment " << i;
        EXPECT_TRUE(Next(after_a_power_cut(moments[i])).trusts_image(host.guest)) << "at moment " << i;
    }
    Next next(without_guests(moments.back()));
    EXPECT_FALSE(next.trusts_image(host.guest)) << "another tool may have let it run before it ended";
    EXPECT_TRUE(next.store.images_aside.contains(host.guest.uuid));
}

TEST(SavingCrash, OfADestroyOfAGuestThatWasStartedPausedLeavesItsImage) {
    Recorder host;
    host.save();
    ASSERT_TRUE(host.end_of(host.manager->start(host.guest.uuid, {.paused = true})));
    const auto moments = host.record(host.manager->destroy(host.guest.uuid));
    ASSERT_GT(moments.size(), 3u);
    for (std::size_t i = 0; i < moments.size(); ++i)
        EXPECT_TRUE(Next(moments[i]).trusts_image(host.guest)) << "at moment " << i;
}

TEST(SavingCrash, OfTheFirstResumeOfAGuestLeavesTheImageUntilItHasRun) {
    Recorder host;
    host.save();
    ASSERT_TRUE(host.end_of(host.manager->start(host.guest.uuid, {.paused = true})));
    const auto moments = host.record(host.manager->resume(host.guest.uuid));
    ASSERT_GT(moments.size(), 3u);
    EXPECT_TRUE(moments.back().has_run);
    for (std::size_t i = 0; i < moments.size(); ++i) {
        Next next(moments[i]);
        next.settle();
        EXPECT_TRUE(next.runs(host.guest)) << "at moment " << i;
        EXPECT_NE(next.trusts_image(host.guest), moments[i].has_run) << "at moment " << i;
        EXPECT_EQ(next.store.images.size(), moments[i].has_run ? 0u : 1u) << "at moment " << i;
        EXPECT_TRUE(next.store.images_aside.empty()) << "at moment " << i;
    }
}

TEST(SavingCrash, OfAStartThatDropsTheImageLeavesTheGuestOrTheImage) {
    Recorder host;
    host.save();
    const auto moments = host.record(host.manager->start(host.guest.uuid, {.fresh = true}));
    expect_one_of_guest_and_image(moments, host.guest);
}

TEST(SavingCrash, NeverLeavesAnImageThatIsOlderThanItsGuestsDisks) {
    for (const bool fresh : {false, true}) {
        Recorder host;
        host.save();
        const auto moments = host.record(host.manager->start(host.guest.uuid, {.fresh = fresh}));
        log::set_level(log::Level::error);
        for (std::size_t i = 0; i < moments.size(); ++i) {
            // Its guest has ended, too, before the next daemon starts.
            Next next(without_guests(moments[i]));
            EXPECT_FALSE(next.runs(host.guest));
            if (moments[i].has_run)
                EXPECT_FALSE(next.trusts_image(host.guest)) << "at moment " << i;
            else
                EXPECT_EQ(next.store.images.size() + next.store.images_aside.size(), 1u) << "at moment " << i;
        }
    }
}

TEST(SavingCrash, DuringAStartWhoseWritesFailKeepsTheImage) {
    for (unsigned nth = 1; nth <= 3; ++nth) {
        Recorder host;
        host.save();
        host.store.fail_write(nth);
        const auto moments = host.record(host.manager->start(host.guest.uuid, {}));
        EXPECT_TRUE(host.info(host.guest).managed_image) << "at write " << nth;
        expect_one_of_guest_and_image(moments, host.guest);
    }
}

TEST(SavingCrash, BeforeAUsedImageIsRemovedHasTheNextDaemonRemoveIt) {
    Recorder host;
    host.save();
    host.store.fail_write(4);
    log::set_level(log::Level::error);
    ASSERT_TRUE(host.end_of(host.manager->start(host.guest.uuid, {})));
    EXPECT_FALSE(host.info(host.guest).managed_image);
    EXPECT_EQ(host.store.images_aside.size(), 1u);
    host.restart();
    host.settle();
    EXPECT_TRUE(host.store.images_aside.empty());
}

}  // namespace
}  // namespace virtlight::manager
