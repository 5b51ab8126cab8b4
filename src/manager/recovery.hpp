// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <vector>

#include "async/task.hpp"
#include "manager/core.hpp"
#include "manager/devices.hpp"
#include "manager/jobs.hpp"
#include "manager/operations.hpp"
#include "manager/renaming.hpp"

/// What the daemon makes of what it finds at its start. Each decision is in the log and in its domain's
/// timeline.
namespace virtlight::manager {

/// Puts what is stored into the registry. Of two domains with one name the first by uuid counts. `images`:
/// those that have a managed image. In steps: there may be as many as limits::domains.
async::Task<> restore_definitions(Core& core, std::vector<Stored> domains, std::vector<Uuid> images);

/// Domain-0, as it is seen.
void show_control_domain(Core& core, const hypervisor::Snapshot& snapshot);
/// What it has now, whoever has given it that or taken it away: nobody writes it down.
void see_control_domain(const Core& core, Life& life, const hypervisor::DomainSeen& seen);

/// The parts of the manager that do what is decided.
struct Parts {
    Core& core;
    Jobs& jobs;
    Guests& guests;
    Devices& devices;
    Renaming& renaming;
};

/// What is to be done, in this order, when all guests are known: those of other tools have disks that nobody
/// else may get, and each has a name.
using Later = std::vector<std::function<void()>>;

/// Compares the lives that the store knows with what runs: takes up those that go on, has removed what a
/// start that was cut off has left, forgets those that have ended, and starts anew, later, those of which
/// that was cut off. An image that was set aside is a managed image again if its guest has certainly not run,
/// and is dropped if it runs. In steps, as far as nothing is begun for a guest: a boot of the host ends as
/// many as there were.
async::Task<Later> restore_lives(Parts parts, std::vector<StoredLife> lives, std::vector<Uuid> images_aside,
                                 const hypervisor::Snapshot& snapshot);

/// In steps, unless the daemon is to end.
async::Task<> do_later(Core& core, Later later);

}  // namespace virtlight::manager
