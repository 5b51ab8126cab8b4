// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "async/blocking.hpp"
#include "async/cancel.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "hypervisor/image.hpp"

namespace virtlight::hypervisor {

/// rewrite_image() of image.hpp on one of `threads`, to be cut short by `cancel`. On the core thread; both
/// must outlive it.
async::Task<Result<>> rewrite_image(async::Blocking& threads, async::Scheduler& core,
                                    std::filesystem::path path, ImageHead head, async::CancelToken cancel);

}  // namespace virtlight::hypervisor
