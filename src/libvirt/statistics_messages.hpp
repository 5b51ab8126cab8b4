// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "libvirt/messages.hpp"

/// What the procedures that count are called with and answer; as messages.hpp. A string of XDR and its
/// `opaque<>` are the same bytes: sets of processors are std::string.
namespace virtlight::libvirt {

struct AllDomainStatsArgs {
    std::vector<Domain> domains;  ///< none: all
    std::uint32_t groups = 0;     ///< none: all
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.domains, self.groups, self.flags); }
    bool operator==(const AllDomainStatsArgs&) const = default;
};

struct DomainStats {
    Domain dom;
    std::vector<TypedParam> params;

    auto fields(this auto& self) { return std::tie(self.dom, self.params); }
    bool operator==(const DomainStats&) const = default;
};

struct CpuStatsArgs {
    Domain dom;
    std::uint32_t params_max = 0;
    std::int32_t first_cpu = 0;
    std::uint32_t cpus = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) {
        return std::tie(self.dom, self.params_max, self.first_cpu, self.cpus, self.flags);
    }
    bool operator==(const CpuStatsArgs&) const = default;
};

/// Parameters, and how many there are: of one processor, or instead of the parameters where none are wanted.
struct ParamsReply {
    std::vector<TypedParam> params;
    std::int32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.params, self.count); }
    bool operator==(const ParamsReply&) const = default;
};

struct GetVcpusArgs {
    Domain dom;
    std::int32_t max = 0;
    std::int32_t map_bytes = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.map_bytes); }
    bool operator==(const GetVcpusArgs&) const = default;
};

struct VcpuInfo {
    std::uint32_t number = 0;
    std::int32_t state = 0;
    std::uint64_t time_ns = 0;
    std::int32_t cpu = 0;

    auto fields(this auto& self) { return std::tie(self.number, self.state, self.time_ns, self.cpu); }
    bool operator==(const VcpuInfo&) const = default;
};

struct VcpusReply {
    std::vector<VcpuInfo> vcpus;
    std::string maps;  ///< one behind the other

    auto fields(this auto& self) { return std::tie(self.vcpus, self.maps); }
    bool operator==(const VcpusReply&) const = default;
};

struct InterfaceStats {
    std::uint64_t received_bytes = 0, received_packets = 0, received_errors = 0, received_dropped = 0;
    std::uint64_t sent_bytes = 0, sent_packets = 0, sent_errors = 0, sent_dropped = 0;

    auto fields(this auto& self) {
        return std::tie(self.received_bytes, self.received_packets, self.received_errors,
                        self.received_dropped, self.sent_bytes, self.sent_packets, self.sent_errors,
                        self.sent_dropped);
    }
    bool operator==(const InterfaceStats&) const = default;
};

struct BlockStats {
    std::int64_t reads = 0, read_bytes = 0, writes = 0, written_bytes = 0, errors = 0;

    auto fields(this auto& self) {
        return std::tie(self.reads, self.read_bytes, self.writes, self.written_bytes, self.errors);
    }
    bool operator==(const BlockStats&) const = default;
};

struct BlockStatsArgs {
    Domain dom;
    std::string path;
    std::int32_t params_max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.path, self.params_max, self.flags); }
    bool operator==(const BlockStatsArgs&) const = default;
};

struct BlockInfoArgs {
    Domain dom;
    std::string path;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.path, self.flags); }
    bool operator==(const BlockInfoArgs&) const = default;
};

struct BlockResizeArgs {
    Domain dom;
    std::string disk;
    std::uint64_t size = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.disk, self.size, self.flags); }
    bool operator==(const BlockResizeArgs&) const = default;
};

struct BlockInfo {
    std::uint64_t allocation = 0, capacity = 0, physical = 0;

    auto fields(this auto& self) { return std::tie(self.allocation, self.capacity, self.physical); }
    bool operator==(const BlockInfo&) const = default;
};

struct BlockPeekArgs {
    Domain dom;
    std::string path;
    std::uint64_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.path, self.offset, self.size, self.flags); }
    bool operator==(const BlockPeekArgs&) const = default;
};

struct DiskErrorsArgs {
    Domain dom;
    std::uint32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.max, self.flags); }
    bool operator==(const DiskErrorsArgs&) const = default;
};

struct DiskError {
    std::string disk;
    std::int32_t error = 0;

    auto fields(this auto& self) { return std::tie(self.disk, self.error); }
    bool operator==(const DiskError&) const = default;
};

/// Of the disks that have one; or none, and how many there may be, where no room is for any.
struct DiskErrorsReply {
    std::vector<DiskError> errors;
    std::int32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.errors, self.count); }
    bool operator==(const DiskErrorsReply&) const = default;
};

struct ControlInfo {
    std::uint32_t state = 0;
    std::uint32_t details = 0;
    std::uint64_t since_ms = 0;  ///< how long it has been so

    auto fields(this auto& self) { return std::tie(self.state, self.details, self.since_ms); }
    bool operator==(const ControlInfo&) const = default;
};

struct ScreenshotArgs {
    Domain dom;
    std::uint32_t screen = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.dom, self.screen, self.flags); }
    bool operator==(const ScreenshotArgs&) const = default;
};

/// Of pages of each size, in KiB, in each of so many NUMA nodes.
struct FreePagesArgs {
    std::vector<std::uint32_t> sizes;
    std::int32_t first = 0;
    std::uint32_t nodes = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.sizes, self.first, self.nodes, self.flags); }
    bool operator==(const FreePagesArgs&) const = default;
};

struct NodeStatsArgs {
    std::int32_t which = 0;  ///< of a processor or NUMA node; below 0: of all
    std::int32_t max = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.which, self.max, self.flags); }
    bool operator==(const NodeStatsArgs&) const = default;
};

/// As NodeStatsArgs, in the other order.
struct NodeMemoryStatsArgs {
    std::int32_t max = 0;
    std::int32_t which = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.max, self.which, self.flags); }
    bool operator==(const NodeMemoryStatsArgs&) const = default;
};

struct NodeStat {
    std::string field;
    std::uint64_t value = 0;

    auto fields(this auto& self) { return std::tie(self.field, self.value); }
    bool operator==(const NodeStat&) const = default;
};

struct NodeStatsReply {
    std::vector<NodeStat> stats;
    std::int32_t count = 0;

    auto fields(this auto& self) { return std::tie(self.stats, self.count); }
    bool operator==(const NodeStatsReply&) const = default;
};

struct CpuMapArgs {
    std::int32_t need_map = 0;
    std::int32_t need_online = 0;
    std::uint32_t flags = 0;

    auto fields(this auto& self) { return std::tie(self.need_map, self.need_online, self.flags); }
    bool operator==(const CpuMapArgs&) const = default;
};

struct CpuMapReply {
    std::string online_map;
    std::uint32_t online = 0;
    std::int32_t cpus = 0;

    auto fields(this auto& self) { return std::tie(self.online_map, self.online, self.cpus); }
    bool operator==(const CpuMapReply&) const = default;
};

}  // namespace virtlight::libvirt
