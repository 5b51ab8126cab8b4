// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Lets a guest that has shut down for a soft reset go on with the kernel in its memory; it is paused then.
/// When that is cancelled, libxl goes on with it, on the context that it has.
async::Task<Result<>> soft_reset_domain(Workers::Loan worker, hypervisor::DomId domid,
                                        async::CancelToken cancel);

}  // namespace virtlight::xenlight
