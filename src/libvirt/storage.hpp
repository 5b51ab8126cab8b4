// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <utility>

#include "libvirt/caller.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/serve.hpp"
#include "libvirt/storage_daemon.hpp"

/// Storage pools and their volumes are libvirt's own daemon's where the host runs it, and nowhere else.
namespace virtlight::libvirt {

inline bool has_storage(const Caller& caller) {
    return caller.storage && caller.storage->is_there();
}

/// Asks that daemon; where there is none it answers as `handler` does.
template <auto handler>
Answer ask_storage(const Procedure& procedure, Caller& caller, View payload) {
    if (!has_storage(caller)) return serve<handler>(procedure, caller, payload);
    return caller.storage->call(caller.session.read_only(), static_cast<std::int32_t>(procedure.number),
                                Bytes(payload.begin(), payload.end()));
}

/// The same of what there is no answer to without it.
Answer ask_storage_alone(const Procedure& procedure, Caller& caller, View payload);

}  // namespace virtlight::libvirt
