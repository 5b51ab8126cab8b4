// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/caller.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/serve.hpp"
#include "libvirt/storage_daemon.hpp"

/// Storage pools and their volumes are libvirt's own daemon's where the host runs it, and nowhere else.
namespace virtlight::libvirt {

inline bool has_storage(const Caller& caller) {
    return caller.storage && caller.storage->is_there();
}

/// Asks that daemon; where there is none it is said so.
Answer ask_storage_alone(const Procedure& procedure, Caller& caller, View payload);

/// The same of what has an answer without it: that of `handler`.
template <auto handler>
Answer ask_storage(const Procedure& procedure, Caller& caller, View payload) {
    return has_storage(caller) ? ask_storage_alone(procedure, caller, payload)
                               : serve<handler>(procedure, caller, payload);
}

}  // namespace virtlight::libvirt
