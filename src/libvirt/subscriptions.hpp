// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "domain/event.hpp"
#include "libvirt/node_device.hpp"
#include "libvirt/served.hpp"
#include "libvirt/xdr.hpp"

namespace virtlight::libvirt {

/// A message to a client about an event.
struct EventMessage {
    std::int32_t procedure;
    Bytes payload;

    bool operator==(const EventMessage&) const = default;
};

/// What one of libvirt's daemons tells of something that it serves.
struct ObjectEvent {
    Served of;
    std::int32_t event;  ///< libvirt's number of it
    Uuid object;
    std::int32_t procedure;  ///< of the message
    Bytes body;              ///< of it, behind the id of the registration

    bool operator==(const ObjectEvent&) const = default;
};

/// What one client wants to be told. There are two styles: registrations with an id of their own, for one
/// domain or for all, and the older ones that are known by their event only. Every event that libvirt has can
/// be registered for; those that never happen here are never sent.
class Subscriptions {
 public:
    /// libvirt's events about domains are numbered from 0 to this, as of libvirt 11.3.
    static constexpr std::int32_t last_event = 27;
    /// Those about networks, storage pools and secrets.
    static constexpr std::int32_t last_object_event = 1;
    /// And those about devices of the host.
    static constexpr std::int32_t last_device_event = 1;
    /// The older style ends with this one.
    static constexpr std::int32_t last_legacy_event = 15;

    /// Returns the id of the registration. internal, as libvirt has it: there is no such event; too_many.
    Result<std::int32_t> add(std::int32_t event, std::optional<Uuid> domain);
    /// For events of what libvirt's daemons serve; none: of all objects. Errors as above.
    Result<std::int32_t> add(Served of, std::int32_t event, std::optional<Uuid> object);
    /// For events of a device of the host, by its name; none: of all. Errors as above; no_node_device: no
    /// device has such a name.
    Result<std::int32_t> add_for_devices(std::int32_t event, std::optional<std::string> device);
    /// invalid_argument: there is no such registration.
    Result<> remove(std::int32_t callback_id);

    Result<> add_legacy(std::int32_t event);
    Result<> remove_legacy(std::int32_t event);

    /// What to send about an event, one message a registration that it concerns.
    std::vector<EventMessage> messages(const domain::Event& event) const;
    std::vector<EventMessage> messages(const ObjectEvent& event) const;
    std::vector<EventMessage> messages(const NodeDeviceEvent& event) const;

    /// Whether any is of devices of the host.
    bool want_devices() const;

 private:
    enum class Here : std::uint8_t { domains, devices };
    /// Whose events they are: of what is here, or of what one of libvirt's daemons serves.
    using Of = std::variant<Here, Served>;
    /// What goes by its uuid, or by its name; none: all of them.
    using Object = std::variant<std::monostate, Uuid, std::string>;
    struct Registration {
        Of of;
        std::int32_t event;
        Object object;
        std::optional<std::int32_t> id;  ///< none: the older style

        bool concerns(const Of& whose, std::int32_t what, const Object& which) const;
    };

    static Object of_all_or(std::optional<Uuid> object);
    Result<std::int32_t> insert(Registration registration);
    std::int32_t next_id();

    std::vector<Registration> registrations_;
    std::int32_t last_id_ = -1;
};

}  // namespace virtlight::libvirt
