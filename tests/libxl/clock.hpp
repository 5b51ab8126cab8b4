// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "base/clock.hpp"

/// The clocks of this process, as libxl and the daemon read them.
namespace virtlight::fake {

/// Sets the wall clock forwards or backwards, as an administrator does. The monotonic clock does not care.
void step_wall_clock(Duration by);

/// Lets time pass at once, on both clocks. Loops that wait look at the clock again.
void let_pass(Duration time);

/// The monotonic clock that no test moves: for how long to be patient.
Time real_now();

/// Wall clock right again; time that has passed stays passed.
void set_wall_clock_right();

}  // namespace virtlight::fake
