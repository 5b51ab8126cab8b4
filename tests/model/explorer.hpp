// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace virtlight::model {

/// What an exploration has seen.
struct Explored {
    /// How many sequences of steps there are, each different: at [n] those that have ended, as nobody can
    /// take a step any more, or are cut off after n steps.
    std::vector<std::uint64_t> interleavings;
    std::uint64_t worlds = 0;           ///< that were looked at
    std::optional<std::string> broken;  ///< a broken rule, with the fewest steps that lead to it
};

/// Looks at the worlds that steps lead to from a first one: takes each step that can be taken, lets the world
/// come to rest, and checks both. Of equal worlds one is looked at, however many sequences of steps lead to
/// them: the same would follow from each.
///
/// A world is a value. `actors()` is how many there are who may take a step; `act(i)` takes the next step of
/// one and says what it did, or returns an empty text, and has changed nothing, if it has none now;
/// `settle()` brings everything that has begun to its end; `broken()` is the rule that has been broken, or
/// empty.
///
/// Worlds that are equal must be so in all that decides what becomes of them and whether that is right. So
/// their == is defaulted, and that of all their parts: it cannot forget one. `hash()` may, it only saves
/// time.
template <class World>
class Explorer {
 public:
    explicit Explorer(World first) : first_(std::move(first)) {}

    /// All sequences of up to `steps` steps. They are counted: as many lead to a world as lead to those
    /// together from which a step leads to it.
    Explored walk(int steps) {
        std::uint64_t ended = 0;
        Known<Ways> worlds;
        worlds.try_emplace(first_, Ways{.trail = none, .number = 1});
        for (; !worlds.empty(); --steps) {
            auto& interleavings = explored_.interleavings.emplace_back(ended);
            Known<Ways> next;
            while (!worlds.empty()) {
                auto taken = worlds.extract(worlds.begin());
                const auto [trail, number] = taken.mapped();
                interleavings += number;
                const bool went_on = steps > 0 && go_on(taken.key(), trail, [&](World& after, int actor) {
                                         const auto [at, is_new] = next.try_emplace(std::move(after));
                                         if (is_new) at->second.trail = follow(trail, actor);
                                         at->second.number += number;
                                     });
                if (!went_on) ended += number;
                if (!explored_.broken) look_at(std::move(taken.key()), trail);
                if (explored_.broken) return explored_;
            }
            worlds = std::move(next);
        }
        return explored_;
    }

    /// All sequences, of however many steps. They may go in circles without end, and are not counted.
    Explored reach() {
        Known<Trail> worlds;
        std::deque<typename Known<Trail>::const_pointer> left;
        left.push_back(&*worlds.try_emplace(first_, none).first);
        for (; !left.empty() && !explored_.broken; left.pop_front()) {
            const auto& [world, trail] = *left.front();
            go_on(world, trail, [&](World& after, int actor) {
                const auto [at, is_new] = worlds.try_emplace(std::move(after));
                if (!is_new) return;
                at->second = follow(trail, actor);
                left.push_back(&*at);
            });
            if (!explored_.broken) look_at(world, trail);
        }
        return explored_;
    }

 private:
    /// The steps that led to a world first: where in `steps_` the last of them is.
    using Trail = std::size_t;
    static constexpr Trail none = std::numeric_limits<Trail>::max();
    struct Step {
        Trail before;
        int actor;
    };
    struct Ways {
        Trail trail = none;
        std::uint64_t number = 0;
    };
    struct Hash {
        std::size_t operator()(const World& world) const { return world.hash(); }
    };
    template <class T>
    using Known = std::unordered_map<World, T, Hash>;

    /// Gives each world to `came` that a step leads to. False if nobody can take one.
    ///
    /// What takes the time is copying a world for each step that is taken: the copy is made over the last
    /// one, which has most of the memory that is needed.
    bool go_on(const World& world, Trail trail, std::invocable<World&, int> auto came) {
        bool went_on = false;
        bool same = false;  // as `world`
        for (int actor = 0; actor < world.actors() && !explored_.broken; ++actor) {
            if (!std::exchange(same, true)) after_ = world;
            if (after_.act(actor).empty()) continue;
            went_on = true;
            same = false;
            if (after_.broken().empty())
                came(after_, actor);
            else
                tell(after_.broken(), follow(trail, actor));
        }
        return went_on;
    }

    void look_at(World world, Trail trail) {
        ++explored_.worlds;
        world.settle();
        if (!world.broken().empty()) tell(world.broken() + ", when it came to rest", trail);
    }

    Trail follow(Trail before, int actor) {
        steps_.push_back({before, actor});
        return steps_.size() - 1;
    }

    void tell(const std::string& rule, Trail trail) {
        std::vector<int> actors;
        for (; trail != none; trail = steps_[trail].before)
            actors.push_back(steps_[trail].actor);
        explored_.broken = rule + "; after:";
        for (auto world = first_; const auto actor : std::views::reverse(actors))
            *explored_.broken += "\n  " + world.act(actor);
    }

    World first_;
    World after_ = first_;
    std::vector<Step> steps_;
    Explored explored_;
};

/// For worlds whose steps come to an end.
constexpr int to_the_end = std::numeric_limits<int>::max();

template <class World>
Explored walk(World first, int steps) {
    return Explorer(std::move(first)).walk(steps);
}

template <class World>
Explored reach(World first) {
    return Explorer(std::move(first)).reach();
}

/// Of numbers, for the `hash()` of a world.
class Hasher {
 public:
    void add(std::integral auto... numbers) { (mix(static_cast<std::size_t>(numbers)), ...); }
    std::size_t value() const { return value_; }

 private:
    void mix(std::size_t number) {
        value_ = (value_ ^ number) * 0x9e37'79b9'7f4a'7c15;
        value_ ^= value_ >> 32;
    }

    std::size_t value_ = 0;
};

}  // namespace virtlight::model
