// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/creation.hpp"
#include "xenlight/save.hpp"

namespace virtlight::xenlight {

/// As create_domain(), from the image of a guest that was saved. If the file has another image by now, that
/// is refused before anything is made; from then on the file is held open, so that no other one gets in its
/// place.
async::Task<Result<hypervisor::Created>> restore_domain(Making making, Movers movers,
                                                        domain::Definition definition,
                                                        hypervisor::KnownImage known,
                                                        hypervisor::Operation operation);

}  // namespace virtlight::xenlight
