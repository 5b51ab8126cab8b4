// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/creation.hpp"
#include "xenlight/save.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Has libxl make the domain, which is ready for that, and undoes it if that fails or is cancelled. `abort`
/// cuts libxl short: that of a restore, where it must be held back; null: `cancel` does.
async::Task<Result<hypervisor::Created>> make_domain(Making making, Workers::Loan worker,
                                                     std::shared_ptr<Creation> creation,
                                                     std::shared_ptr<HeldAbort> abort,
                                                     async::CancelToken cancel);

}  // namespace virtlight::xenlight
