// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "base/uuid.hpp"
#include "libvirt/caller.hpp"
#include "libvirt/event_messages.hpp"
#include "libvirt/procedure.hpp"
#include "libvirt/serve.hpp"
#include "libvirt/served.hpp"

/// What is outside the guests is served by libvirt's own daemons where the host runs them, and nowhere else.
namespace virtlight::libvirt {

bool is_served(const Caller& caller, Served served);

Answer forward_to(Served served, const Procedure& procedure, Caller& caller, View payload);
Answer open_stream_at(Served served, const Procedure& procedure, Caller& caller, View payload);
Answer register_at(Served served, Caller& caller, std::int32_t event, std::optional<Uuid> object);

/// Asks the daemon of `served`; where there is none it is said so.
template <Served served>
Answer forward(const Procedure& procedure, Caller& caller, View payload) {
    return forward_to(served, procedure, caller, payload);
}

/// The same of what has an answer without it: that of `handler`.
template <Served served, auto handler>
Answer forward_or(const Procedure& procedure, Caller& caller, View payload) {
    return is_served(caller, served) ? forward_to(served, procedure, caller, payload)
                                     : serve<handler>(procedure, caller, payload);
}

/// The same of what opens a stream. Its flags are looked at, as some change what goes through it.
template <Served served, class Args>
Answer forward_stream(const Procedure& procedure, Caller& caller, View payload) {
    const auto args = decode<Args>(payload);
    if (!args) return unreadable(procedure, args.error());
    if (const auto taken = taken_flags(procedure, args->flags); !taken) return std::unexpected(taken.error());
    return open_stream_at(served, procedure, caller, payload);
}

/// Registers the client for an event here, and this daemon at that one.
template <Served served, class Object>
Answer watch_events(const Procedure& procedure, Caller& caller, View payload) {
    const auto args = decode<RegisterArgs<Object>>(payload);
    if (!args) return unreadable(procedure, args.error());
    std::optional<Uuid> only;
    if (args->object) only = args->object->uuid;
    return register_at(served, caller, args->event, only);
}

}  // namespace virtlight::libvirt
