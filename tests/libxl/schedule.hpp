// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace virtlight::fake {

/// Makes the threads of this process meet in unusual orders: from here on each call of perturb() may yield or
/// sleep for a moment. The choices of each thread follow from the seed and from the order in which the
/// threads first came here. 0: no perturbation.
void perturb_with(std::uint64_t seed);

/// A point at which another thread may get in between.
void perturb();

/// How often a scenario is to be run, each time with another seed: the environment's VIRTLIGHT_SCHEDULES, or
/// a few.
unsigned schedules();

}  // namespace virtlight::fake
