// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "libvirt/messages.hpp"

/// What clients register for, and what they are told then.
namespace virtlight::libvirt {

/// Registers for an event of one object, or of all of its kind.
template <class Object>
struct RegisterArgs {
    std::int32_t event = 0;
    std::optional<Object> object;

    auto fields(this auto& self) { return std::tie(self.event, self.object); }
    bool operator==(const RegisterArgs&) const = default;
};

struct LifecycleMessage {
    Domain dom;
    std::int32_t event = 0;
    std::int32_t detail = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.event, self.detail); }
    bool operator==(const LifecycleMessage&) const = default;
};

struct WatchdogMessage {
    Domain dom;
    std::int32_t action = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.action); }
    bool operator==(const WatchdogMessage&) const = default;
};

struct BalloonMessage {
    Domain dom;
    std::uint64_t memory_kib = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.memory_kib); }
    bool operator==(const BalloonMessage&) const = default;
};

struct JobMessage {
    Domain dom;
    std::vector<TypedParam> params;

    auto fields(this auto& self) { return std::tie(self.dom, self.params); }
    bool operator==(const JobMessage&) const = default;
};

struct DeviceMessage {
    Domain dom;
    std::string alias;

    auto fields(this auto& self) { return std::tie(self.dom, self.alias); }
    bool operator==(const DeviceMessage&) const = default;
};

struct TrayMessage {
    Domain dom;
    std::string alias;
    std::int32_t reason = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.alias, self.reason); }
    bool operator==(const TrayMessage&) const = default;
};

struct MetadataMessage {
    Domain dom;
    std::int32_t type = 0;
    std::optional<std::string> uri;

    auto fields(this auto& self) { return std::tie(self.dom, self.type, self.uri); }
    bool operator==(const MetadataMessage&) const = default;
};

/// A device of the host, by its name, has come or gone.
struct NodeDeviceMessage {
    std::string device;
    std::int32_t event = 0;
    std::int32_t detail = 0;

    auto fields(this auto& self) { return std::tie(self.device, self.event, self.detail); }
    bool operator==(const NodeDeviceMessage&) const = default;
};

/// An event for one registration.
template <class Event>
struct CallbackMessage {
    std::int32_t callback_id = 0;
    Event event;

    auto fields(this auto& self) { return std::tie(self.callback_id, self.event); }
    bool operator==(const CallbackMessage&) const = default;
};

}  // namespace virtlight::libvirt
