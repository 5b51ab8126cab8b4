// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/disk_sizes.hpp"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "manager/world.hpp"

namespace virtlight::manager {
namespace {

constexpr auto patience = milliseconds(100);

class DiskSizesOfDomains : public ::testing::Test, protected World {
 protected:
    DiskSizesOfDomains() {
        for (const auto* const target : {"xvda", "xvdb", "xvdc"})
            xen.disk_sizes[target] = {.capacity = 300, .allocation = 100, .physical = 200};
    }
    domain::Definition with_disks(const std::string& name) {
        auto guest = guest_named(name);
        for (const auto* const target : {"xvda", "xvdb", "xvdc"})
            guest.disks.push_back({.target = *domain::parse_disk_name(target),
                                   .source = domain::Disk::Source::file,
                                   .path = "/images/" + name + "-" + target});
        EXPECT_TRUE(end_of(manager->define(guest)));
        return guest;
    }
    std::size_t known(const DisksOfDomains& disks, const domain::Definition& guest) {
        return static_cast<std::size_t>(std::ranges::count_if(
            disks.at(guest.uuid), [](const auto& disk) { return disk.size.has_value(); }));
    }
    DisksOfDomains look(std::vector<Uuid> of = {}, Duration wait = patience) {
        return end_of(as_result(manager->disks(std::move(of), wait))).value();
    }
    static async::Task<Result<DisksOfDomains>> as_result(async::Task<DisksOfDomains> task) {
        co_return co_await std::move(task);
    }
};

TEST_F(DiskSizesOfDomains, AreThoseOfAllOrOfSome) {
    const auto web = with_disks("web");
    const auto mail = with_disks("mail");
    const auto all = look();
    EXPECT_EQ(known(all, web), 3u);
    EXPECT_EQ(known(all, mail), 3u);
    EXPECT_EQ(all.at(web.uuid).front().path, "/images/web-xvda");
    EXPECT_EQ(all.at(web.uuid).front().size->allocation, 100u);
    EXPECT_FALSE(look({mail.uuid}).contains(web.uuid));
}

TEST_F(DiskSizesOfDomains, AreRememberedWhenOnlyThoseOfOthersAreAskedFor) {
    const auto web = with_disks("web");
    const auto mail = with_disks("mail");
    look();
    xen.hold("disk_size");
    look({mail.uuid});
    EXPECT_EQ(known(look({web.uuid}), web), 3u);
    xen.release("disk_size");
}

TEST_F(DiskSizesOfDomains, OfStorageThatDoesNotAnswerAreThoseOfTheLastTime) {
    const auto web = with_disks("web");
    EXPECT_EQ(known(look(), web), 3u);
    xen.hold("disk_size");
    EXPECT_EQ(known(look(), web), 3u);
    const auto asked = xen.count("disk_size");
    EXPECT_EQ(known(look(), web), 3u);
    EXPECT_EQ(xen.count("disk_size"), asked) << "those that hang are not asked again";
    xen.release("disk_size");
}

TEST_F(DiskSizesOfDomains, AreNotWaitedForWithoutEnd) {
    const auto web = with_disks("web");
    xen.hold("disk_size");
    EXPECT_EQ(known(look(), web), 0u);
    EXPECT_EQ(xen.count("disk_size"), limits::disk_looks);
    xen.release("disk_size");
    EXPECT_EQ(known(look(), web), 3u);
}

TEST_F(DiskSizesOfDomains, OfManyDomainsGiveWayToOtherWorkWhileTheyAreGathered) {
    constexpr int steps = 3;
    constexpr auto count = steps * limits::stats_per_step + 10;
    for (std::size_t i = 0; i < count; ++i) {
        auto guest = guest_named("domain-" + std::to_string(i));
        guest.disks.push_back({.target = *domain::parse_disk_name("xvda"),
                               .source = domain::Disk::Source::file,
                               .path = "/images/" + guest.name});
        ASSERT_TRUE(end_of(manager->define(guest)));
    }
    const auto pending = begin(as_result(manager->disks({}, Duration::zero())));
    int turns = 0;
    const std::function<void()> other = [&] {
        ++turns;
        if (!*pending) loop.post(other);
    };
    loop.post(other);
    EXPECT_EQ(end_of(pending).value().size(), count);
    settle();  // the other work, whose turn is still to come
    // The domains, what is known of their disks, and what is told of them.
    EXPECT_GE(turns, 3 * steps - 1);
}

TEST_F(DiskSizesOfDomains, WithoutPatienceAreWhatIsKnown) {
    const auto web = with_disks("web");
    EXPECT_EQ(known(look({}, Duration::zero()), web), 0u);
    EXPECT_EQ(xen.count("disk_size"), 0u);
    EXPECT_EQ(known(look(), web), 3u);
    EXPECT_EQ(known(look({}, Duration::zero()), web), 3u);
}

}  // namespace
}  // namespace virtlight::manager
