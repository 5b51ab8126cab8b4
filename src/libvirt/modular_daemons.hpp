// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>

#include "async/scheduler.hpp"
#include "libvirt/connection_id.hpp"
#include "libvirt/modular_daemon.hpp"
#include "libvirt/served.hpp"

namespace virtlight::libvirt {

/// All of libvirt's own daemons, each of which may run or not.
class ModularDaemons {
 public:
    /// `socket_of`: where each of them listens; an empty path: it is not wanted. `scheduler` must outlive
    /// this.
    ModularDaemons(async::FdScheduler& scheduler,
                   const std::function<std::filesystem::path(Served)>& socket_of);

    ModularDaemon& of(Served served) { return daemons_.at(served); }

    void on_event(const ModularDaemon::Tell& tell);
    void leave(ConnectionId client);
    void stop();

 private:
    std::map<Served, ModularDaemon> daemons_;
};

}  // namespace virtlight::libvirt
