// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/cpu_set.hpp"
#include "domain/disk_name.hpp"
#include "hypervisor/domain_seen.hpp"

/// What can be counted of a domain that runs. All counts are since its life began.
namespace virtlight::hypervisor {

struct VcpuFigures {
    bool online = false;
    bool running = false;  ///< on a processor right now; neither running nor blocked: it waits for one
    bool blocked = false;
    unsigned cpu = 0;  ///< where it runs, or ran last
    nanoseconds time{};
    domain::CpuSet may_run_on{};

    bool operator==(const VcpuFigures&) const = default;
};

/// What went one way through a network interface.
struct Traffic {
    std::uint64_t bytes = 0;
    std::uint64_t packets = 0;
    std::uint64_t errors = 0;
    std::uint64_t dropped = 0;

    bool operator==(const Traffic&) const = default;
};

/// As the guest sees it: what it received, dom0 sent.
struct NicFigures {
    std::string name;  ///< of the interface in dom0
    unsigned devid = 0;
    Traffic received{};
    Traffic sent{};

    bool operator==(const NicFigures&) const = default;
};

struct Transfers {
    std::uint64_t requests = 0;
    std::uint64_t bytes = 0;
    std::optional<nanoseconds> time{};  ///< that all of them took; empty: nobody counts it

    bool operator==(const Transfers&) const = default;
};

/// A network interface of a domain that runs.
struct NicOf {
    DomId domid = 0;
    unsigned devid = 0;

    auto operator<=>(const NicOf&) const = default;
};

struct DiskFigures {
    domain::DiskName target{};
    Transfers read{};
    Transfers written{};
    std::uint64_t flushes = 0;
    std::optional<nanoseconds> flush_time{};

    /// Adds what was counted elsewhere. Times are those of all requests, or are not known.
    void add(const DiskFigures& more);

    bool operator==(const DiskFigures&) const = default;
};

struct DomainFigures {
    DomainSeen seen{};  ///< without the name
    std::vector<VcpuFigures> vcpus{};
    std::vector<NicFigures> nics{};
    std::vector<DiskFigures> disks{};  ///< those that are counted: who serves them may not answer

    bool operator==(const DomainFigures&) const = default;
};

/// What of it is to be read. What Xen tells of all domains at once is always there.
struct FiguresWanted {
    bool vcpus = false;
    bool nics = false;
    bool disks = false;
    std::vector<DomId> of{};  ///< in their order; none: of all
    /// How long to wait for who serves a disk. One that does not answer is told of as it was the last time,
    /// and not waited for again until it does.
    Duration patience{};
    /// The interfaces whose name in dom0 is not the one that Xen gives ("vif3.0"), by name.
    std::map<std::string, NicOf, std::less<>> named_nics{};

    bool of_domain(DomId domid) const;
};

}  // namespace virtlight::hypervisor
