// SPDX-License-Identifier: LGPL-2.1-or-later
#include "manager/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace virtlight::manager {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Uuid uuid(std::uint16_t n) {
    Uuid result;
    result.bytes[0] = static_cast<std::uint8_t>(n >> 8);
    result.bytes[15] = static_cast<std::uint8_t>(n);
    return result;
}

TEST(Registry, FindsADomainByUuidAndByName) {
    Registry registry;
    const auto web = registry.claim(uuid(1), "web").value();
    EXPECT_EQ(registry.find(uuid(1)), web);
    EXPECT_EQ(registry.find_by_name("web"), web);
    EXPECT_EQ(registry.find(uuid(2)), nullptr);
    EXPECT_EQ(registry.find_by_name("we"), nullptr);
    EXPECT_EQ(registry.find_by_name("webb"), nullptr);
}

TEST(Registry, GivesTheSameRecordForTheSameNameAndUuid) {
    Registry registry;
    const auto web = registry.claim(uuid(1), "web").value();
    EXPECT_EQ(registry.claim(uuid(1), "web").value(), web);
    EXPECT_EQ(registry.size(), 1u);
}

TEST(Registry, RefusesANameThatHasAnotherUuid) {
    Registry registry;
    registry.claim(uuid(1), "web").value();
    const auto refused = registry.claim(uuid(2), "web");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::domain_exists);
    EXPECT_EQ(refused.error().message, "domain 'web' already exists with uuid " + to_string(uuid(1)));
}

TEST(Registry, RefusesAUuidThatHasAnotherName) {
    Registry registry;
    registry.claim(uuid(1), "web").value();
    const auto refused = registry.claim(uuid(1), "db");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::domain_exists);
    EXPECT_EQ(refused.error().message, "domain 'web' is already defined with uuid " + to_string(uuid(1)));
}

TEST(Registry, LetsAnotherToolsDomainHaveATakenNameAndShowsTheFirst) {
    Registry registry;
    const auto first = registry.claim(uuid(1), "web").value();
    const auto second = registry.add(uuid(2), "web").value();
    EXPECT_EQ(registry.find_by_name("web"), first);
    registry.erase(*first);
    EXPECT_EQ(registry.find_by_name("web"), second);
    EXPECT_EQ(registry.find(uuid(2)), second);
}

TEST(Registry, FindsByDomidWhileTheDomainRuns) {
    Registry registry;
    const auto web = registry.claim(uuid(1), "web").value();
    registry.set_domid(web, 7);
    EXPECT_EQ(registry.find_by_domid(7), web);
    registry.clear_domid(*web, 7);
    EXPECT_EQ(registry.find_by_domid(7), nullptr);
}

TEST(Registry, DoesNotTakeADomidFromItsNewHolder) {
    Registry registry;
    const auto former = registry.claim(uuid(1), "web").value();
    const auto holder = registry.claim(uuid(2), "db").value();
    registry.set_domid(former, 7);
    registry.set_domid(holder, 7);
    registry.clear_domid(*former, 7);
    EXPECT_EQ(registry.find_by_domid(7), holder);
}

TEST(Registry, ListsTheRunningByDomidAndAllByName) {
    Registry registry;
    const auto web = registry.claim(uuid(1), "web").value();
    const auto db = registry.claim(uuid(2), "db").value();
    registry.set_domid(web, 3);
    registry.set_domid(db, 12);
    EXPECT_THAT(registry.running(), ElementsAre(web, db));
    EXPECT_THAT(registry.all(), ElementsAre(db, web));
}

TEST(Registry, ForgetsADomainEverywhere) {
    Registry registry;
    const auto web = registry.claim(uuid(1), "web").value();
    web->life.emplace().domid = 7;
    registry.set_domid(web, 7);
    registry.erase(*web);
    EXPECT_EQ(registry.find(uuid(1)), nullptr);
    EXPECT_EQ(registry.find_by_name("web"), nullptr);
    EXPECT_EQ(registry.find_by_domid(7), nullptr);
}

TEST(Registry, ExpectsTheImageOfADomainThatItForgets) {
    Registry registry;
    registry.expect_images({uuid(1)});
    registry.erase(*registry.claim(uuid(1), "web").value());
    const auto again = registry.claim(uuid(1), "web").value();
    EXPECT_TRUE(again->image);
    again->image.goes();
    registry.erase(*again);
    EXPECT_FALSE(registry.claim(uuid(1), "web").value()->image) << "it is gone";
}

TEST(Registry, IsBounded) {
    Registry registry;
    for (std::size_t i = 0; i < limits::domains; ++i)
        registry.add(uuid(static_cast<std::uint16_t>(i)), "d" + std::to_string(i)).value();
    const auto refused = registry.claim(uuid(limits::domains), "one more");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::too_many);
    EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(limits::domains)));
}

}  // namespace
}  // namespace virtlight::manager
