// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace virtlight::xenlight {

/// How long each processor has had nothing to do since Xen began, by number. Those that the firmware lists
/// and that are not online are among them, with no time at all. libxl does not tell: this asks Xen itself, in
/// one hypercall.
Result<std::vector<nanoseconds>> read_idle_times();

}  // namespace virtlight::xenlight
