// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include "libvirt/session.hpp"
#include "libvirt/subscriptions.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// The client at the other end of a connection, and what its calls may use. Gone when it disconnects: an
/// operation that outlives its call keeps the manager, and nothing else of this.
struct Caller {
    manager::Manager& manager;
    Session session;
    Subscriptions subscriptions{};
    uid_t uid = 0;  ///< as the kernel tells it
    pid_t pid = 0;
};

}  // namespace virtlight::libvirt
