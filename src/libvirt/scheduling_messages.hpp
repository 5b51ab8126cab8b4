// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/messages.hpp"

/// What the procedures of pinning, scheduling and NUMA are called with and answer; as messages.hpp. Sets of
/// processors are bytes, which look like a string on the wire.
namespace virtlight::libvirt {

struct PinVcpuArgs {
    Domain dom;
    std::uint32_t vcpu = 0;
    std::string cpus;

    auto fields(this auto& self) { return std::tie(self.dom, self.vcpu, self.cpus); }
    bool operator==(const PinVcpuArgs&) const = default;
};

struct PinVcpuFlagsArgs {
    Domain dom;
    std::uint32_t vcpu = 0;
    std::string cpus;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.vcpu, self.cpus, self.flags); }
    bool operator==(const PinVcpuFlagsArgs&) const = default;
};

struct VcpuPinsArgs {
    Domain dom;
    std::int32_t max = 0;
    std::int32_t map_bytes = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.map_bytes, self.flags); }
    bool operator==(const VcpuPinsArgs&) const = default;
};

struct VcpuPinsReply {
    std::string maps;  ///< one behind the other
    std::int32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.maps, self.count); }
    bool operator==(const VcpuPinsReply&) const = default;
};

struct SchedulerReply {
    std::string type;
    std::int32_t params = 0;

    auto fields(this auto& self) { return std::tie(self.type, self.params); }
    bool operator==(const SchedulerReply&) const = default;
};

/// Of a scheduler, or of NUMA.
struct ParamsArgs {
    Domain dom;
    std::int32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.flags); }
    bool operator==(const ParamsArgs&) const = default;
};

struct SetSchedulerPlainArgs {
    Domain dom;
    std::vector<TypedParam> params;

    auto fields(this auto& self) { return std::tie(self.dom, self.params); }
    bool operator==(const SetSchedulerPlainArgs&) const = default;
};

struct SetParamsArgs {
    Domain dom;
    std::vector<TypedParam> params;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.params, self.flags); }
    bool operator==(const SetParamsArgs&) const = default;
};

}  // namespace virtlight::libvirt
