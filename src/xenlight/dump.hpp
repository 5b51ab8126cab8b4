// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>

#include "async/task.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/save.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Writes the core of a guest to a file. libxl does that in one call that nothing can cut short, on the
/// worker's thread; so it gets a pipe for a file, and we move the bytes. When the file fails or the operation
/// is cancelled, the rest is dropped as fast as libxl writes it.
async::Task<Result<>> dump_domain(Workers::Loan worker, Movers movers, hypervisor::DomId domid,
                                  std::filesystem::path path, hypervisor::Operation operation);

}  // namespace virtlight::xenlight
