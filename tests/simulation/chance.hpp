// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

#include "base/clock.hpp"

namespace virtlight::simulation {

/// Everything random of a run, from its seed; the same with every standard library.
class Chance {
 public:
    explicit Chance(std::uint64_t seed) : source_(seed) {}

    unsigned below(unsigned bound) { return static_cast<unsigned>(source_() % bound); }
    /// True once in so many times.
    bool one_in(unsigned times) { return below(times) == 0; }
    template <class T, std::size_t n>
    const T& pick(const T (&from)[n]) {
        return from[below(n)];
    }
    /// Mostly short, now and then long.
    Duration a_while() {
        if (one_in(25)) return seconds(1 + below(90));
        if (one_in(4)) return milliseconds(100 + below(2000));
        return milliseconds(below(40));
    }

 private:
    std::mt19937_64 source_;
};

}  // namespace virtlight::simulation
