// SPDX-License-Identifier: LGPL-2.1-or-later
#include "xenlight/timeout_ledger.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace virtlight::xenlight {
namespace {

using async::TimerId;

int places[4];
constexpr timeval soon{.tv_sec = 1000, .tv_usec = 0};
constexpr timeval later{.tv_sec = 1000, .tv_usec = 1};

TEST(TimeoutLedger, DeliversEachTimeoutExactlyOnce) {
    TimeoutLedger ledger;
    const auto id = ledger.add(&places[0], soon);
    ledger.arm(id, TimerId{7});
    EXPECT_EQ(ledger.deliver(id), &places[0]);
    EXPECT_EQ(ledger.deliver(id), nullptr);
    EXPECT_EQ(ledger.owed(), 0);
}

TEST(TimeoutLedger, HurriesATimeoutOnceHoweverOftenLibxlAsks) {
    TimeoutLedger ledger;
    const auto id = ledger.add(&places[0], soon);
    ledger.arm(id, TimerId{7});
    EXPECT_EQ(ledger.hurry(id), TimerId{7});
    ledger.arm(id, TimerId{8});
    EXPECT_EQ(ledger.hurry(id), std::nullopt);
    EXPECT_EQ(ledger.deliver(id), &places[0]);
}

TEST(TimeoutLedger, IgnoresHurryOnceDelivered) {
    TimeoutLedger ledger;
    const auto id = ledger.add(&places[0], soon);
    ledger.arm(id, TimerId{7});
    ledger.deliver(id);
    EXPECT_EQ(ledger.hurry(id), std::nullopt);
}

TEST(TimeoutLedger, TellsTwoRegistrationsOfOnePlaceApart) {
    TimeoutLedger ledger;
    const auto first = ledger.add(&places[0], soon);
    ledger.deliver(first);
    const auto second = ledger.add(&places[0], soon);  // libxl uses the place again
    EXPECT_EQ(ledger.deliver(first), nullptr);
    EXPECT_EQ(ledger.deliver(second), &places[0]);
}

TEST(TimeoutLedger, GivesBackTheTimersOfAllThatIsOwed) {
    TimeoutLedger ledger;
    const auto delivered = ledger.add(&places[0], soon);
    ledger.arm(delivered, TimerId{1});
    ledger.arm(ledger.add(&places[1], soon), TimerId{2});
    ledger.deliver(delivered);
    EXPECT_EQ(ledger.forget(), std::vector{TimerId{2}});
    EXPECT_EQ(ledger.owed(), 0);
}

TEST(TimeoutLedger, KnowsWhichOneLibxlHasNamedTheFirstMomentFor) {
    TimeoutLedger ledger;
    const auto second = ledger.add(&places[0], later);
    const auto first = ledger.add(&places[1], soon);
    EXPECT_EQ(ledger.moment_of_first(second), std::nullopt);
    ASSERT_TRUE(ledger.moment_of_first(first));
    EXPECT_EQ(ledger.moment_of_first(first)->tv_sec, soon.tv_sec);
    ledger.deliver(first);
    EXPECT_EQ(ledger.moment_of_first(first), std::nullopt);
    ASSERT_TRUE(ledger.moment_of_first(second));
    EXPECT_EQ(ledger.moment_of_first(second)->tv_usec, later.tv_usec);
}

TEST(TimeoutLedger, CountsWhatIsHurriedAmongNone) {
    TimeoutLedger ledger;
    const auto first = ledger.add(&places[0], soon);
    const auto second = ledger.add(&places[1], later);
    ledger.hurry(first);
    EXPECT_EQ(ledger.moment_of_first(first), std::nullopt);
    EXPECT_TRUE(ledger.moment_of_first(second));
}

/// Whatever comes in whatever order, libxl hears of each registration once.
TEST(TimeoutLedger, EqualsOneThatWillAnswerAlikeAndNoneThatWillNameTheNextTimeoutOtherwise) {
    TimeoutLedger ledger;
    TimeoutLedger other;
    const auto id = ledger.add(&places[0], soon);
    EXPECT_NE(ledger, other);
    EXPECT_EQ(other.add(&places[0], soon), id);
    EXPECT_EQ(ledger, other);
    other.arm(id, TimerId{7});
    EXPECT_NE(ledger, other);
    ledger.arm(id, TimerId{7});
    EXPECT_EQ(ledger, other);
    EXPECT_EQ(other.hurry(id), TimerId{7});
    EXPECT_NE(ledger, other);
    EXPECT_EQ(ledger.hurry(id), TimerId{7});
    EXPECT_EQ(other.deliver(other.add(&places[1], later)), &places[1]);
    EXPECT_NE(ledger, other);
}

RC_GTEST_PROP(TimeoutLedger, NeverDeliversTwiceAndNeverForgets, (const std::vector<unsigned>& steps)) {
    TimeoutLedger ledger;
    std::vector<TimeoutId> ids;
    std::map<TimeoutId, int> deliveries;
    std::set<TimeoutId> hurried;
    for (const auto step : steps) {
        const auto chosen = ids.empty() ? TimeoutId{} : ids[step / 3 % ids.size()];
        if (step % 3 == 0) {
            ids.push_back(ledger.add(&places[step % 4], soon));
            RC_ASSERT(deliveries.emplace(ids.back(), 0).second);
        } else if (step % 3 == 1 && chosen) {
            const bool first = ledger.hurry(chosen).has_value();
            RC_ASSERT(first == (deliveries[chosen] == 0 && hurried.insert(chosen).second));
        } else if (chosen) {
            if (ledger.deliver(chosen)) ++deliveries[chosen];
            RC_ASSERT(deliveries[chosen] == 1);
        }
    }
    for (const auto id : ids) {
        if (ledger.deliver(id)) ++deliveries[id];
        RC_ASSERT(deliveries[id] == 1);
    }
    RC_ASSERT(ledger.owed() == 0U);
}

TEST(MonotonicDue, CountsFromTheWallClockOfTheMomentWhateverItShows) {
    const Time now{std::chrono::hours(5)};
    EXPECT_EQ(monotonic_due({1060, 250'000}, {1000, 750'000}, now), now + milliseconds(59'500));
    EXPECT_EQ(monotonic_due({4660, 0}, {4600, 0}, now), now + seconds(60));
}

TEST(MonotonicDue, IsNeverInThePast) {
    const Time now{std::chrono::hours(5)};
    EXPECT_EQ(monotonic_due({0, 0}, {1'700'000'000, 0}, now), now);
    EXPECT_EQ(monotonic_due({1000, 0}, {1000, 1}, now), now);
}

}  // namespace
}  // namespace virtlight::xenlight
