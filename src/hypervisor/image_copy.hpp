// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "async/blocking.hpp"
#include "async/scheduler.hpp"
#include "async/task.hpp"
#include "hypervisor/image.hpp"
#include "hypervisor/port.hpp"

namespace virtlight::hypervisor {

/// rewrite_image() of image.hpp on one of `threads`, under this operation. On the core thread; both must
/// outlive it.
async::Task<Result<>> rewrite_image(async::Blocking& threads, async::Scheduler& core,
                                    std::filesystem::path path, ImageHead head, Operation operation);

}  // namespace virtlight::hypervisor
