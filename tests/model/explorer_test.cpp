// SPDX-License-Identifier: LGPL-2.1-or-later
// That the explorer leaves nothing out although it looks at equal worlds once.
#include "model/explorer.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "model/fd_world.hpp"
#include "model/timeout_world.hpp"

namespace virtlight::model {
namespace {

/// Two who take up to three steps each, and a third who takes one while the first is ahead.
class Walkers {
 public:
    static constexpr std::array limits = {3, 3, 1};

    /// Breaks a rule where they have taken so many steps; at rest, if that is all of them.
    explicit Walkers(std::array<int, 3> wrong = {-1, -1, -1}) : wrong_(wrong) {}

    int actors() const { return 3; }
    std::string act(int actor) {
        auto& taken = taken_.at(static_cast<std::size_t>(actor));
        if (taken == limits.at(static_cast<std::size_t>(actor))) return {};
        if (actor == 2 && taken_[0] <= taken_[1]) return {};
        ++taken;
        look();
        return std::string(1, "abc"[actor]) + std::to_string(taken);
    }
    void settle() {
        taken_ = limits;
        look();
    }
    const std::string& broken() const { return broken_; }

    bool operator==(const Walkers&) const = default;
    std::size_t hash() const { return static_cast<std::size_t>(taken_[0]); }

 private:
    void look() {
        if (taken_ == wrong_) broken_ = "they stand wrong";
    }

    std::array<int, 3> wrong_;
    std::array<int, 3> taken_{};
    std::string broken_;
};

/// One who goes round in circles, either way.
class Ring {
 public:
    static constexpr int places = 5;

    int actors() const { return 2; }
    std::string act(int actor) {
        place_ = (place_ + (actor == 0 ? 1 : places - 1)) % places;
        return "goes";
    }
    void settle() {}
    std::string broken() const { return {}; }

    bool operator==(const Ring&) const = default;
    std::size_t hash() const { return 0; }

 private:
    int place_ = 0;
};

/// How many sequences of up to `steps` steps there are, by taking each.
template <class World>
std::uint64_t interleavings_taken(const World& world, int steps) {
    std::uint64_t found = 0;
    for (int actor = 0; steps > 0 && actor < world.actors(); ++actor) {
        World next = world;
        if (!next.act(actor).empty()) found += interleavings_taken(next, steps - 1);
    }
    return found == 0 ? 1 : found;
}

template <class World>
void expect_counted(const World& world, int steps) {
    const auto explored = walk(world, steps);
    ASSERT_EQ(explored.interleavings.size(), static_cast<std::size_t>(steps) + 1);
    for (int each = 0; each <= steps; ++each)
        EXPECT_EQ(explored.interleavings.at(static_cast<std::size_t>(each)), interleavings_taken(world, each))
            << "of " << each << " steps";
}

TEST(Explorer, CountsAsManyInterleavingsAsThereAreWhenEachIsTaken) {
    expect_counted(Walkers(), 7);
    expect_counted(Ring(), 7);
    expect_counted(FdWorld<TableBridge>(), 7);
    expect_counted(TimeoutWorld<LedgerBridge>(std::chrono::hours(1)), 7);
}

TEST(Explorer, EndsWhenNobodyCanTakeAStepAnyMore) {
    const auto explored = walk(Walkers(), to_the_end);
    ASSERT_EQ(explored.interleavings.size(), 3 + 3 + 1 + 1);
    EXPECT_EQ(explored.interleavings.back(), interleavings_taken(Walkers(), 100));
}

TEST(Explorer, LooksAtEqualWorldsOnce) {
    const auto explored = walk(Walkers(), to_the_end);
    EXPECT_GT(explored.interleavings.back(), explored.worlds);
    // Each of two has taken none to three steps, and the third one or not, which it cannot have where the
    // first had none.
    EXPECT_EQ(explored.worlds, 4 * 4 + 3 * 4);
    EXPECT_EQ(reach(Walkers()).worlds, explored.worlds);
}

TEST(Explorer, ReachesAllThatStepsInCirclesLeadTo) {
    EXPECT_EQ(reach(Ring()).worlds, Ring::places);
    EXPECT_EQ(walk(Ring(), 10).interleavings.back(), 1 << 10);
}

TEST(Explorer, TellsTheStepsThatLedToABrokenRule) {
    const Walkers wrong({1, 2, 1});
    for (const auto& explored : {walk(wrong, to_the_end), reach(wrong)})
        EXPECT_EQ(explored.broken, "they stand wrong; after:\n  a1\n  c1\n  b1\n  b2");
    EXPECT_FALSE(walk(wrong, 3).broken);
}

TEST(Explorer, TellsARuleThatIsBrokenAtRest) {
    const Walkers wrong(Walkers::limits);
    for (const auto& explored : {walk(wrong, 3), reach(wrong)})
        EXPECT_EQ(explored.broken, "they stand wrong, when it came to rest; after:");
}

}  // namespace
}  // namespace virtlight::model
