// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "async/scheduler.hpp"
#include "base/result.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/autoballoon.hpp"

/// Real Xen, through libxl: what the rest of the daemon sees of this room.
namespace virtlight::xenlight {

/// What this machine lacks to be a Xen dom0 with its services running, in one line; empty if nothing.
std::optional<std::string> missing_on_this_machine();

/// Opens libxl. Blocks for a moment and at most limits::libxl_answer. `core` is the scheduler on which
/// everything is asked and answered; it must outlive the result, and no operation may be in flight when the
/// result is destroyed. operation_failed: not a dom0, or libxl cannot be opened; the message says why.
Result<std::unique_ptr<hypervisor::Hypervisor>> open(async::FdScheduler& core, Autoballoon autoballoon);

}  // namespace virtlight::xenlight
