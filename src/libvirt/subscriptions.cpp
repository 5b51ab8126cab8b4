// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/subscriptions.hpp"

#include <algorithm>
#include <limits>

#include "libvirt/job_params.hpp"
#include "libvirt/messages.hpp"

namespace virtlight::libvirt {

namespace {

/// How an event is sent: its number, the procedures of both styles, and what it says.
struct Delivery {
    std::int32_t event;
    std::int32_t procedure;
    std::int32_t legacy_procedure;  ///< 0: it came when the older style was past
    std::variant<LifecycleMessage, Domain, WatchdogMessage, BalloonMessage, JobMessage, DeviceMessage> body;
};

Delivery delivery(const domain::Event& event) {
    const Domain dom{.name = event.name, .uuid = event.uuid, .id = event.domid};
    if (const auto* const lifecycle = std::get_if<domain::Lifecycle>(&event.kind)) {
        return {.event = 0,
                .procedure = 318,
                .legacy_procedure = 107,
                .body = LifecycleMessage{dom, lifecycle->event, lifecycle->detail}};
    }
    if (const auto* const fired = std::get_if<domain::WatchdogFired>(&event.kind)) {
        return {.event = 4,
                .procedure = 321,
                .legacy_procedure = 171,
                .body = WatchdogMessage{dom, static_cast<std::int32_t>(fired->action)}};
    }
    if (const auto* const memory = std::get_if<domain::MemoryChanged>(&event.kind)) {
        return {.event = 13,
                .procedure = 331,
                .legacy_procedure = 276,
                .body = BalloonMessage{dom, memory->memory_kib}};
    }
    if (const auto* const ended = std::get_if<domain::JobEnded>(&event.kind)) {
        return {.event = 21,
                .procedure = 363,
                .legacy_procedure = 0,
                .body = JobMessage{dom, job_params(ended->job)}};
    }
    if (const auto* const added = std::get_if<domain::DeviceAdded>(&event.kind)) {
        return {
            .event = 19, .procedure = 354, .legacy_procedure = 0, .body = DeviceMessage{dom, added->alias}};
    }
    if (const auto* const removed = std::get_if<domain::DeviceRemoved>(&event.kind)) {
        return {.event = 15,
                .procedure = 333,
                .legacy_procedure = 311,
                .body = DeviceMessage{dom, removed->alias}};
    }
    if (const auto* const kept = std::get_if<domain::DeviceRemovalFailed>(&event.kind)) {
        return {
            .event = 22, .procedure = 367, .legacy_procedure = 0, .body = DeviceMessage{dom, kept->alias}};
    }
    return {.event = 1, .procedure = 319, .legacy_procedure = 169, .body = dom};
}

Result<> check(std::int32_t event, std::int32_t last) {
    if (event < 0 || event > last) return fail(Reason::invalid_argument, "unsupported event ID {}", event);
    return {};
}

}  // namespace

Result<std::int32_t> Subscriptions::insert(Registration registration) {
    if (registrations_.size() >= limits::subscriptions) {
        return fail(Reason::too_many, "this connection has {} event registrations already",
                    registrations_.size());
    }
    registrations_.push_back(registration);
    return registration.id.value_or(-1);
}

std::int32_t Subscriptions::next_id() {
    last_id_ = last_id_ == std::numeric_limits<std::int32_t>::max() ? 0 : last_id_ + 1;
    return last_id_;
}

Result<std::int32_t> Subscriptions::add(std::int32_t event, std::optional<Uuid> domain) {
    if (const auto known = check(event, last_event); !known) return std::unexpected(known.error());
    return insert({.event = event, .domain = domain, .id = next_id()});
}

Result<std::int32_t> Subscriptions::add_silent() {
    return insert({.id = next_id()});
}

Result<> Subscriptions::remove(std::int32_t callback_id) {
    const auto found = std::ranges::find(registrations_, callback_id, &Registration::id);
    if (found == registrations_.end()) {
        return fail(Reason::invalid_argument, "domain event callback {} not registered", callback_id);
    }
    registrations_.erase(found);
    return {};
}

Result<> Subscriptions::add_legacy(std::int32_t event) {
    if (const auto known = check(event, last_legacy_event); !known) return known;
    if (const auto added = insert({.event = event}); !added) return std::unexpected(added.error());
    return {};
}

Result<> Subscriptions::remove_legacy(std::int32_t event) {
    const auto found = std::ranges::find_if(registrations_, [&](const auto& registration) {
        return registration.event == event && !registration.id;
    });
    if (found == registrations_.end()) {
        return fail(Reason::invalid_argument, "domain event {} not registered", event);
    }
    registrations_.erase(found);
    return {};
}

std::vector<EventMessage> Subscriptions::messages(const domain::Event& event) const {
    std::vector<EventMessage> messages;
    const auto how = delivery(event);
    const auto add = [&](std::int32_t procedure, const auto& body) {
        // A domain's name is far below what the wire takes, so this cannot fail.
        messages.push_back({.procedure = procedure, .payload = *encode(body)});
    };
    for (const auto& registration : registrations_) {
        if (registration.event != how.event) continue;
        if (registration.domain && *registration.domain != event.uuid) continue;
        std::visit(
            [&](const auto& body) {
                if (registration.id) {
                    add(how.procedure, CallbackMessage{*registration.id, body});
                } else {
                    add(how.legacy_procedure, body);
                }
            },
            how.body);
    }
    return messages;
}

}  // namespace virtlight::libvirt
