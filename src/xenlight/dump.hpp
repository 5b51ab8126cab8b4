// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "async/task.hpp"
#include "hypervisor/image_writer.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/movers.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Creates the file that a core is to be written to.
async::Task<Result<std::shared_ptr<hypervisor::ImageWriter>>> create_core(Movers movers, std::string what,
                                                                          std::filesystem::path path,
                                                                          hypervisor::Operation operation);

/// Writes the core of a guest into `image`. libxl does that in one call that nothing can cut short, on the
/// worker's thread; so it gets a pipe for a file, and we move the bytes. When the file fails, the rest is
/// dropped as fast as libxl writes it. So it is when the operation is cancelled, but nobody waits for that.
async::Task<Result<>> dump_domain(Workers::Loan worker, Movers movers, hypervisor::DomId domid,
                                  std::shared_ptr<hypervisor::ImageWriter> image, hypervisor::Hold hold,
                                  hypervisor::Operation operation);

}  // namespace virtlight::xenlight
