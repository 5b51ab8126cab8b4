// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/cancel.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/save.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// Builds a domain on a borrowed context and leaves it paused. What can be known to fail is refused before
/// anything is made; when it fails or is cancelled later, what was made is destroyed first.
async::Task<Result<hypervisor::Created>> create_domain(Workers::Loan worker, domain::Definition definition,
                                                       async::CancelToken cancel);

/// The same of a guest that was saved.
async::Task<Result<hypervisor::Created>> restore_domain(Workers::Loan worker, Movers movers,
                                                        domain::Definition definition,
                                                        std::filesystem::path path,
                                                        hypervisor::Operation operation);

}  // namespace virtlight::xenlight
