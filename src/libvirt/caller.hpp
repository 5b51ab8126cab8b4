// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>

#include <sys/types.h>

#include "console/consoles.hpp"
#include "libvirt/connection_id.hpp"
#include "libvirt/modular_daemons.hpp"
#include "libvirt/node_device_watch.hpp"
#include "libvirt/session.hpp"
#include "libvirt/streams.hpp"
#include "libvirt/subscriptions.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// The client at the other end of a connection, and what its calls may use. Gone when it disconnects: an
/// operation that outlives its call keeps the manager, and nothing else of this.
struct Caller {
    manager::Manager& manager;
    Session session;
    ConnectionId id{};
    Subscriptions subscriptions{};
    console::Consoles* consoles = nullptr;    ///< null: this daemon has none
    ModularDaemons* daemons = nullptr;        ///< null: this daemon asks none of libvirt's
    NodeDeviceWatch* node_devices = nullptr;  ///< null: nobody tells what becomes of the host's devices
    std::function<void()> wake = [] {};       ///< has the connection served soon
    std::unique_ptr<StreamEnd> stream{};      ///< opened by the call that is being performed
    uid_t uid = 0;                            ///< as the kernel tells it
    pid_t pid = 0;
    std::string name{};  ///< for the log and the timelines
};

}  // namespace virtlight::libvirt
