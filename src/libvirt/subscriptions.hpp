// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "domain/event.hpp"
#include "libvirt/xdr.hpp"

namespace virtlight::libvirt {

/// A message to a client about an event.
struct EventMessage {
    std::int32_t procedure;
    Bytes payload;

    bool operator==(const EventMessage&) const = default;
};

/// What one client wants to be told. There are two styles: registrations with an id of their own, for one
/// domain or for all, and the older ones that are known by their event only. Every event that libvirt has can
/// be registered for; those that never happen here are never sent.
class Subscriptions {
 public:
    /// libvirt's events about domains are numbered from 0 to this, as of libvirt 11.3.
    static constexpr std::int32_t last_event = 27;
    /// The older style ends with this one.
    static constexpr std::int32_t last_legacy_event = 15;

    /// Returns the id of the registration. internal, as libvirt has it: there is no such event; too_many.
    Result<std::int32_t> add(std::int32_t event, std::optional<Uuid> domain);
    /// For events about objects that this daemon does not have (networks, pools, ...).
    Result<std::int32_t> add_silent();
    /// invalid_argument: there is no such registration.
    Result<> remove(std::int32_t callback_id);

    Result<> add_legacy(std::int32_t event);
    Result<> remove_legacy(std::int32_t event);

    /// What to send about an event, one message a registration that it concerns.
    std::vector<EventMessage> messages(const domain::Event& event) const;

 private:
    struct Registration {
        std::optional<std::int32_t> event;  ///< none: never sent
        std::optional<Uuid> domain;         ///< none: all domains
        std::optional<std::int32_t> id;     ///< none: the older style
    };

    Result<std::int32_t> insert(Registration registration);
    std::int32_t next_id();

    std::vector<Registration> registrations_;
    std::int32_t last_id_ = -1;
};

}  // namespace virtlight::libvirt
