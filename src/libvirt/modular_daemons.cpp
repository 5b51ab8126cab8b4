// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/modular_daemons.hpp"

namespace virtlight::libvirt {

ModularDaemons::ModularDaemons(async::FdScheduler& scheduler,
                               const std::function<std::filesystem::path(Served)>& socket_of) {
    for (const auto& one : modular_daemons)
        daemons_.try_emplace(one.served, scheduler, one.served, socket_of(one.served));
}

void ModularDaemons::on_event(const ModularDaemon::Tell& tell) {
    for (auto& [served, daemon] : daemons_)
        daemon.on_event(tell);
}

void ModularDaemons::leave(ConnectionId client) {
    for (auto& [served, daemon] : daemons_)
        daemon.leave(client);
}

void ModularDaemons::stop() {
    for (auto& [served, daemon] : daemons_)
        daemon.stop();
}

}  // namespace virtlight::libvirt
