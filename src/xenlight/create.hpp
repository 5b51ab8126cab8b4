// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "async/scope.hpp"
#include "async/task.hpp"
#include "base/result.hpp"
#include "domain/definition.hpp"
#include "hypervisor/port.hpp"
#include "xenlight/builds.hpp"
#include "xenlight/file_looks.hpp"
#include "xenlight/host_memory.hpp"
#include "xenlight/save.hpp"
#include "xenlight/workers.hpp"

namespace virtlight::xenlight {

/// What all makings of domains have in common. It outlasts the tasks below.
struct Making {
    Workers& workers;
    Builds& builds;
    HostMemory& memory;
    FileLooks& looks;
    async::Scope& late;  ///< what is done about those that libxl ends after they were given up
};

/// Builds a domain on a borrowed context and leaves it paused. What can be known to fail is refused before
/// anything is made; when it fails or is cancelled later, what was made is destroyed before this ends. If
/// libxl does not come to an end, this gives up; the domain is among `builds` then, and is destroyed as soon
/// as libxl ends.
async::Task<Result<hypervisor::Created>> create_domain(Making making, domain::Definition definition,
                                                       hypervisor::Operation operation);

/// The same, from the image of a guest that was saved. If the file has another image by now, that is refused
/// before anything is made; from then on the file is held open, so that no other one gets in its place.
async::Task<Result<hypervisor::Created>> restore_domain(Making making, Movers movers,
                                                        domain::Definition definition,
                                                        hypervisor::KnownImage known,
                                                        hypervisor::Operation operation);

}  // namespace virtlight::xenlight
