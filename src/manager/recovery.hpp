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

/// The parts of the manager that do what is decided.
struct Parts {
    Core& core;
    Jobs& jobs;
    Guests& guests;
    Devices& devices;
    Renaming& renaming;
};

/// What is to be done, in this order, once all guests are known: before, a guest could be given a disk or a
/// name that another tool's guest has.
using Later = std::vector<std::function<void()>>;

/// Compares the lives that the store knows with what runs. One that goes on is taken up. What a start that
/// was cut off has left is destroyed. One that has ended is forgotten. One that was being started anew is
/// started, later. An image that was set aside is a managed image again if its guest has certainly not run,
/// and is dropped if it runs.
///
/// Lets others have their turn while it goes through lives that have only ended: a boot of the host leaves as
/// many of these as there were guests.
async::Task<Later> restore_lives(Parts parts, std::vector<StoredLife> lives, std::vector<Uuid> images_aside,
                                 const hypervisor::Snapshot& snapshot);

/// Does it, and lets others have their turn in between; stops when the daemon is to end.
async::Task<> do_later(Core& core, Later later);

}  // namespace virtlight::manager
