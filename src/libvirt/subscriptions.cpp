// SPDX-License-Identifier: LGPL-2.1-or-later
#include "libvirt/subscriptions.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "libvirt/event_messages.hpp"
#include "libvirt/job_params.hpp"

namespace virtlight::libvirt {

namespace {

/// libvirt's number of an event, and the procedures of the messages that tell of it.
struct Numbers {
    std::int32_t event;
    std::int32_t procedure;
    std::int32_t legacy_procedure;  ///< of the older style; 0: the event came when that was past
};

template <class Kind>
constexpr Numbers numbers_of{-1, -1, -1};
// clang-format off
template <> constexpr Numbers numbers_of<domain::Lifecycle>          { 0, 318, 107};
template <> constexpr Numbers numbers_of<domain::Rebooted>           { 1, 319, 169};
template <> constexpr Numbers numbers_of<domain::WatchdogFired>      { 3, 321, 171};
template <> constexpr Numbers numbers_of<domain::ModelEnded>         { 7, 325, 224};  // "control error"
template <> constexpr Numbers numbers_of<domain::MediumChanged>      {10, 328, 268};  // "tray change"
template <> constexpr Numbers numbers_of<domain::MemoryChanged>      {13, 331, 276};
template <> constexpr Numbers numbers_of<domain::DeviceRemoved>      {15, 333, 311};
template <> constexpr Numbers numbers_of<domain::DeviceAdded>        {19, 354, 0};
template <> constexpr Numbers numbers_of<domain::JobEnded>           {21, 363, 0};
template <> constexpr Numbers numbers_of<domain::DeviceRemovalFailed>{22, 367, 0};
template <> constexpr Numbers numbers_of<domain::MetadataChanged>    {23, 379, 0};
// clang-format on

// What the messages say.
LifecycleMessage body(const Domain& dom, const domain::Lifecycle& kind) {
    return {dom, kind.event, kind.detail};
}
const Domain& body(const Domain& dom, const domain::Rebooted&) {
    return dom;
}
WatchdogMessage body(const Domain& dom, const domain::WatchdogFired& kind) {
    return {dom, static_cast<std::int32_t>(kind.action)};
}
const Domain& body(const Domain& dom, const domain::ModelEnded&) {
    return dom;
}
BalloonMessage body(const Domain& dom, const domain::MemoryChanged& kind) {
    return {dom, kind.memory_kib};
}
JobMessage body(const Domain& dom, const domain::JobEnded& kind) {
    return {dom, job_params(kind.job)};
}
DeviceMessage body(const Domain& dom, const domain::DeviceAdded& kind) {
    return {dom, kind.alias};
}
DeviceMessage body(const Domain& dom, const domain::DeviceRemoved& kind) {
    return {dom, kind.alias};
}
DeviceMessage body(const Domain& dom, const domain::DeviceRemovalFailed& kind) {
    return {dom, kind.alias};
}
TrayMessage body(const Domain& dom, const domain::MediumChanged& kind) {
    constexpr std::int32_t open = 0;
    constexpr std::int32_t closed = 1;
    return {dom, kind.alias, kind.there ? closed : open};
}
MetadataMessage body(const Domain& dom, const domain::MetadataChanged& kind) {
    const bool element = kind.kind == domain::MetadataKind::element;
    return {dom, static_cast<std::int32_t>(kind.kind), element ? std::optional(kind.uri) : std::nullopt};
}

Numbers numbers(const domain::EventKind& kind) {
    return std::visit(
        []<class Kind>(const Kind&) {
            static_assert(numbers_of<Kind>.event >= 0, "an event has libvirt's numbers");
            return numbers_of<Kind>;
        },
        kind);
}

/// Names, and what a job tells, are far below what the wire takes, so this cannot fail.
Bytes payload(const domain::Event& event, std::optional<std::int32_t> callback) {
    const Domain dom{.name = event.name, .uuid = event.uuid, .id = event.domid};
    const auto encoded = [&](const auto& said) {
        return callback ? *encode(CallbackMessage{*callback, said}) : *encode(said);
    };
    return std::visit([&](const auto& kind) { return encoded(body(dom, kind)); }, event.kind);
}

Result<> check(std::int32_t event, std::int32_t last) {
    if (event < 0 || event > last) return fail(Reason::internal, "unsupported event ID {}", event);
    return {};
}

}  // namespace

bool Subscriptions::Registration::concerns(const Of& whose, std::int32_t what, const Object& which) const {
    return of == whose && event == what &&
           (std::holds_alternative<std::monostate>(object) || object == which);
}

Subscriptions::Object Subscriptions::of_all_or(std::optional<Uuid> object) {
    return object ? Object(*object) : Object();
}

Result<std::int32_t> Subscriptions::insert(Registration registration) {
    if (registrations_.size() >= limits::subscriptions)
        return fail(Reason::too_many, "this connection has {} event registrations already",
                    registrations_.size());
    registrations_.push_back(std::move(registration));
    return registrations_.back().id.value_or(-1);
}

std::int32_t Subscriptions::next_id() {
    last_id_ = last_id_ == std::numeric_limits<std::int32_t>::max() ? 0 : last_id_ + 1;
    return last_id_;
}

Result<std::int32_t> Subscriptions::add(std::int32_t event, std::optional<Uuid> domain) {
    if (const auto known = check(event, last_event); !known) return std::unexpected(known.error());
    return insert({Here::domains, event, of_all_or(domain), next_id()});
}

Result<std::int32_t> Subscriptions::add(Served of, std::int32_t event, std::optional<Uuid> object) {
    if (const auto known = check(event, last_object_event); !known) return std::unexpected(known.error());
    return insert({of, event, of_all_or(object), next_id()});
}

Result<std::int32_t> Subscriptions::add_for_devices(std::int32_t event, std::optional<std::string> device) {
    if (const auto known = check(event, last_device_event); !known) return std::unexpected(known.error());
    if (device && device->size() > limits::node_device_name)
        return fail(Reason::no_node_device, "no node device has a name of {} bytes", device->size());
    auto object = device ? Object(*std::move(device)) : Object();
    return insert({Here::devices, event, std::move(object), next_id()});
}

bool Subscriptions::want_devices() const {
    return std::ranges::find(registrations_, Of(Here::devices), &Registration::of) != registrations_.end();
}

Result<> Subscriptions::remove(std::int32_t callback_id) {
    const auto found = std::ranges::find(registrations_, callback_id, &Registration::id);
    if (found == registrations_.end()) {
        return fail(Reason::invalid_argument, "event callback {} not registered", callback_id);
    }
    registrations_.erase(found);
    return {};
}

Result<> Subscriptions::add_legacy(std::int32_t event) {
    if (const auto known = check(event, last_legacy_event); !known) return known;
    if (const auto added = insert({Here::domains, event, {}, {}}); !added)
        return std::unexpected(added.error());
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
    const auto how = numbers(event.kind);
    for (const auto& one : registrations_)
        if (one.concerns(Here::domains, how.event, event.uuid))
            messages.push_back({.procedure = one.id ? how.procedure : how.legacy_procedure,
                                .payload = payload(event, one.id)});
    return messages;
}

std::vector<EventMessage> Subscriptions::messages(const ObjectEvent& event) const {
    std::vector<EventMessage> messages;
    for (const auto& one : registrations_) {
        if (!one.concerns(event.of, event.event, event.object)) continue;
        auto payload = *encode(*one.id);
        payload.insert(payload.end(), event.body.begin(), event.body.end());
        messages.push_back({.procedure = event.procedure, .payload = std::move(payload)});
    }
    return messages;
}

/// What these messages say is far below what the wire takes.
std::vector<EventMessage> Subscriptions::messages(const NodeDeviceEvent& event) const {
    constexpr std::int32_t lifecycle = 0;
    constexpr std::int32_t update = 1;
    constexpr std::int32_t lifecycle_procedure = 376;
    constexpr std::int32_t update_procedure = 377;
    const bool changed = event.what == NodeDeviceEvent::What::changed;
    const NodeDeviceMessage body{.device = event.device, .event = static_cast<std::int32_t>(event.what)};
    std::vector<EventMessage> messages;
    for (const auto& one : registrations_) {
        if (!one.concerns(Here::devices, changed ? update : lifecycle, event.device)) continue;
        if (changed)
            messages.push_back({update_procedure, *encode(CallbackMessage{*one.id, event.device})});
        else
            messages.push_back({lifecycle_procedure, *encode(CallbackMessage{*one.id, body})});
    }
    return messages;
}

}  // namespace virtlight::libvirt
