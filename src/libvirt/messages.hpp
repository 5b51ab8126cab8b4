// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libvirt/xdr.hpp"

/// What the procedures are called with and what they answer, where that is more than one value: a struct of
/// one member looks like that member on the wire, and is not written down. Many procedures share a layout; it
/// is named after what it holds. Flags are always a member called `flags`.
namespace virtlight::libvirt {

/// A domain as the wire names it. Only the uuid identifies it: the others may be out of date.
struct Domain {
    std::string name;
    Uuid uuid;
    std::int32_t id = -1;  ///< -1: not running

    auto fields(this auto& self) { return std::tie(self.name, self.uuid, self.id); }
    bool operator==(const Domain&) const = default;
};

/// A network, storage pool: whatever has a name and a uuid.
struct NamedUuid {
    std::string name;
    Uuid uuid;

    auto fields(this auto& self) { return std::tie(self.name, self.uuid); }
    bool operator==(const NamedUuid&) const = default;
};

struct Secret {
    Uuid uuid;
    std::int32_t usage_type = 0;
    std::string usage_id;

    auto fields(this auto& self) { return std::tie(self.uuid, self.usage_type, self.usage_id); }
    bool operator==(const Secret&) const = default;
};

/// A value under a name, one of libvirt's seven types.
struct TypedParam {
    using Value =
        std::variant<std::int32_t, std::uint32_t, std::int64_t, std::uint64_t, double, bool, std::string>;
    std::string field;
    Value value;

    auto fields(this auto& self) { return std::tie(self.field, self.value); }
    bool operator==(const TypedParam&) const = default;
};

/// The payload of a reply with status error. What is not here is always empty on the wire.
struct WireError {
    std::int32_t code = 0;
    std::int32_t domain = 0;
    std::optional<std::string> message;
    std::int32_t level = 0;
    std::optional<Domain> dom;
    std::optional<std::string> str1, str2, str3;
    std::int32_t int1 = 0, int2 = 0;
    std::optional<NamedUuid> net;

    auto fields(this auto& self) {
        return std::tie(self.code, self.domain, self.message, self.level, self.dom, self.str1, self.str2,
                        self.str3, self.int1, self.int2, self.net);
    }
    bool operator==(const WireError&) const = default;
};

// Layouts that many procedures share

/// The arguments of procedures that only have flags.
struct Flags {
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.flags); }
    bool operator==(const Flags&) const = default;
};

struct TextFlags {
    std::string text;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.text, self.flags); }
    bool operator==(const TextFlags&) const = default;
};

struct DomainNumber {
    Domain dom;
    std::int32_t number = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.number); }
    bool operator==(const DomainNumber&) const = default;
};

struct DomainFlags {
    Domain dom;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.flags); }
    bool operator==(const DomainFlags&) const = default;
};

/// A console or channel of a domain, by its alias; none: the first.
struct OpenDeviceArgs {
    Domain dom;
    std::optional<std::string> name;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.name, self.flags); }
    bool operator==(const OpenDeviceArgs&) const = default;
};

struct DomainText {
    Domain dom;
    std::string text;

    auto fields(this auto& self) { return std::tie(self.dom, self.text); }
    bool operator==(const DomainText&) const = default;
};

// Connection

struct OpenArgs {
    std::optional<std::string> uri;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.uri, self.flags); }
    bool operator==(const OpenArgs&) const = default;
};

struct IdentityArgs {
    std::vector<TypedParam> params;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.params, self.flags); }
    bool operator==(const IdentityArgs&) const = default;
};

// Host

struct NodeInfo {
    CharArray<32> model;
    std::uint64_t memory_kib = 0;
    std::int32_t cpus = 0;
    std::int32_t mhz = 0;
    std::int32_t nodes = 0;
    std::int32_t sockets = 0;
    std::int32_t cores = 0;
    std::int32_t threads = 0;

    auto fields(this auto& self) {
        return std::tie(self.model, self.memory_kib, self.cpus, self.mhz, self.nodes, self.sockets,
                        self.cores, self.threads);
    }
    bool operator==(const NodeInfo&) const = default;
};

struct SecurityModel {
    CharList model;
    CharList doi;

    auto fields(this auto& self) { return std::tie(self.model, self.doi); }
    bool operator==(const SecurityModel&) const = default;
};

struct CellsArgs {
    std::int32_t start = 0;
    std::int32_t max = 0;

    auto fields(this auto& self) { return std::tie(self.start, self.max); }
    bool operator==(const CellsArgs&) const = default;
};

struct DomainCapabilitiesArgs {
    std::optional<std::string> emulator, arch, machine, virt_type;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.emulator, self.arch, self.machine, self.virt_type, self.flags);
    }
    bool operator==(const DomainCapabilitiesArgs&) const = default;
};

// Lists. A client that only wants to know how many asks with need_results 0.

struct ListAllArgs {
    std::int32_t need_results = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.need_results, self.flags); }
    bool operator==(const ListAllArgs&) const = default;
};

struct DomainList {
    std::vector<Domain> domains;
    std::uint32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.domains, self.count); }
    bool operator==(const DomainList&) const = default;
};

struct DomainListAllArgs {
    Domain dom;
    std::int32_t need_results = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.need_results, self.flags); }
    bool operator==(const DomainListAllArgs&) const = default;
};

struct DomainNamesArgs {
    Domain dom;
    std::int32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.flags); }
    bool operator==(const DomainNamesArgs&) const = default;
};

// Domains

struct DomainInfoReply {
    std::uint32_t state = 0;
    std::uint64_t memory_max_kib = 0;
    std::uint64_t memory_kib = 0;
    std::uint32_t vcpus = 0;
    std::uint64_t cpu_time_ns = 0;

    auto fields(this auto& self) {
        return std::tie(self.state, self.memory_max_kib, self.memory_kib, self.vcpus, self.cpu_time_ns);
    }
    bool operator==(const DomainInfoReply&) const = default;
};

struct StateReply {
    std::int32_t state = 0;
    std::int32_t reason = 0;

    auto fields(this auto& self) { return std::tie(self.state, self.reason); }
    bool operator==(const StateReply&) const = default;
};

struct MetadataArgs {
    Domain dom;
    std::int32_t type = 0;
    std::optional<std::string> uri;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.type, self.uri, self.flags); }
    bool operator==(const MetadataArgs&) const = default;
};

struct SetMetadataArgs {
    Domain dom;
    std::int32_t type = 0;
    std::optional<std::string> text;
    std::optional<std::string> prefix;
    std::optional<std::string> uri;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.dom, self.type, self.text, self.prefix, self.uri, self.flags);
    }
    bool operator==(const SetMetadataArgs&) const = default;
};

struct MemoryArgs {
    Domain dom;
    std::uint64_t memory_kib = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.memory_kib); }
    bool operator==(const MemoryArgs&) const = default;
};

struct DeviceArgs {
    Domain dom;
    std::string device;  ///< its XML, or its alias
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.device, self.flags); }
    bool operator==(const DeviceArgs&) const = default;
};

struct MemoryFlagsArgs {
    Domain dom;
    std::uint64_t memory_kib = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.memory_kib, self.flags); }
    bool operator==(const MemoryFlagsArgs&) const = default;
};

struct VcpusArgs {
    Domain dom;
    std::uint32_t vcpus = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.vcpus); }
    bool operator==(const VcpusArgs&) const = default;
};

/// vCPUs as people write them: "0-2,4".
struct SetVcpuArgs {
    Domain dom;
    std::string vcpus;
    std::int32_t online = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.vcpus, self.online, self.flags); }
    bool operator==(const SetVcpuArgs&) const = default;
};

struct VcpusFlagsArgs {
    Domain dom;
    std::uint32_t vcpus = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.vcpus, self.flags); }
    bool operator==(const VcpusFlagsArgs&) const = default;
};

struct MemoryStatsArgs {
    Domain dom;
    std::uint32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.flags); }
    bool operator==(const MemoryStatsArgs&) const = default;
};

struct MemoryStat {
    std::int32_t tag = 0;
    std::uint64_t value = 0;

    auto fields(this auto& self) { return std::tie(self.tag, self.value); }
    bool operator==(const MemoryStat&) const = default;
};

struct RenameArgs {
    Domain dom;
    std::optional<std::string> name;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.name, self.flags); }
    bool operator==(const RenameArgs&) const = default;
};

struct CoreDumpArgs {
    Domain dom;
    std::string to;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.to, self.flags); }
    bool operator==(const CoreDumpArgs&) const = default;
};

struct CoreDumpFormatArgs {
    Domain dom;
    std::string to;
    std::uint32_t format = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.to, self.format, self.flags); }
    bool operator==(const CoreDumpFormatArgs&) const = default;
};

/// A definition in another format than XML, or to be written in it.
struct NativeArgs {
    std::string format;
    std::string text;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.format, self.text, self.flags); }
    bool operator==(const NativeArgs&) const = default;
};

struct PmSuspendArgs {
    Domain dom;
    std::uint32_t target = 0;
    std::uint64_t duration = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.target, self.duration, self.flags); }
    bool operator==(const PmSuspendArgs&) const = default;
};

}  // namespace virtlight::libvirt
