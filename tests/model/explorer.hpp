// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace virtlight::model {

/// What an exploration has seen.
struct Explored {
    std::uint64_t interleavings = 0;    ///< whole sequences of steps, each different
    std::uint64_t states = 0;           ///< worlds that were looked at on the way
    std::optional<std::string> broken;  ///< the first broken rule, with the steps that led to it
};

/// Walks every sequence of up to `steps` steps of a world, and after each lets the world come to rest and
/// checks it.
///
/// A world is a value. `actors()` is how many there are who may take a step; `act(i)` takes the next step of
/// one and says what it did, or returns an empty text, and has changed nothing, if it has none now;
/// `settle()` brings everything to its end; `broken()` is the rule that has been broken, or empty.
///
/// What takes the time is copying: a world is copied for each step that is taken, and settled where it is.
template <class World>
void explore(World& world, int steps, std::vector<std::string>& path, Explored& explored) {
    bool went_on = false;
    std::optional<World> next;
    for (int actor = 0; steps > 0 && actor < world.actors() && !explored.broken; ++actor) {
        if (!next) next.emplace(world);
        const auto did = next->act(actor);
        if (did.empty()) continue;
        went_on = true;
        ++explored.states;
        path.push_back(did);
        if (next->broken().empty())
            explore(*next, steps - 1, path, explored);
        else
            explored.broken = next->broken();
        if (!explored.broken) path.pop_back();
        next.reset();
    }
    if (went_on || explored.broken) return;
    ++explored.interleavings;
    world.settle();
    if (!world.broken().empty()) explored.broken = world.broken() + ", when it came to rest";
}

template <class World>
Explored explore(World world, int steps) {
    Explored explored;
    std::vector<std::string> path;
    explore(world, steps, path, explored);
    if (explored.broken) {
        *explored.broken += "; after:";
        for (const auto& step : path)
            *explored.broken += "\n  " + step;
    }
    return explored;
}

}  // namespace virtlight::model
