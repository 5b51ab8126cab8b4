// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/creation.hpp"

namespace virtlight::xenlight {

/// Builds a domain on a borrowed context and leaves it paused. What can be known to fail is refused before
/// anything is made; when it fails or is cancelled later, what was made is destroyed before this ends. If
/// libxl does not come to an end, this gives up; the domain is among `builds` then, and is destroyed as soon
/// as libxl ends.
async::Task<Result<hypervisor::Created>> create_domain(Making making, domain::Definition definition,
                                                       hypervisor::Operation operation);

}  // namespace virtlight::xenlight
