// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "domain/cpu_set.hpp"
#include "hypervisor/smbios.hpp"

namespace virtlight::hypervisor {

/// A processor that is online. (A hardware thread; siblings have socket and core in common.)
struct HostCpu {
    unsigned id = 0;
    unsigned node = 0;
    unsigned socket = 0;
    unsigned core = 0;  ///< of its socket

    bool operator==(const HostCpu&) const = default;
};

/// A NUMA node.
struct HostNode {
    unsigned id = 0;
    std::uint64_t memory_kib = 0;
    std::vector<unsigned> distances{};  ///< to the node of each number, as ACPI has them; may be empty

    bool operator==(const HostNode&) const = default;
};

/// What the processors are.
struct CpuModel {
    std::string vendor{};  ///< as the processor says it: "GenuineIntel"; empty: not known
    unsigned family = 0;   ///< 0: not known
    unsigned model = 0;
    unsigned stepping = 0;
    std::vector<std::string> features{};  ///< those that Xen uses, by libvirt's names

    bool operator==(const CpuModel&) const = default;
};

/// Where Debian's Xen has its device model.
inline constexpr std::string_view usual_device_model = "/usr/libexec/xen-qemu-system-i386";

/// The host, as it does not change while the daemon runs.
struct HostFacts {
    unsigned version_major = 0;
    unsigned version_minor = 0;
    std::string version_extra;  ///< ".5" of Xen 4.17.5
    std::string capabilities;   ///< Xen's list, e.g. "xen-3.0-x86_64 hvm-3.0-x86_64 "
    std::string machine = "x86_64";
    std::uint64_t memory_kib = 0;
    unsigned cpus = 1;  ///< physical, online
    unsigned mhz = 0;
    unsigned nodes = 1;  ///< NUMA
    unsigned sockets_per_node = 1;
    unsigned cores_per_socket = 1;
    unsigned threads_per_core = 1;
    CpuModel cpu_model{};
    std::vector<SmbiosEntry> smbios{};  ///< empty: the firmware has no tables, or dom0 does not see them
    std::vector<HostCpu> topology{};    ///< by id
    std::vector<HostNode> numa{};       ///< by id
    std::string scheduler = "credit2";  ///< of all that is in no CPU pool of its own, by its name
    std::string device_model{};         ///< the program that is one; empty: where it is, libxl alone knows
    bool has_pv = false;
    bool has_pvh = false;
    bool has_hvm = false;
    bool has_hap = false;    ///< hardware helps with the memory of HVM and PVH guests
    bool has_iommu = false;  ///< an HVM guest can be given a device of the host

    /// The numbers of the processors that are online. They may have gaps: without hyperthreads, 0,2,4,6.
    domain::CpuSet online_cpus() const;
};

/// What is counted of the host.
struct HostFigures {
    std::vector<std::uint64_t> node_free_kib{};  ///< of each NUMA node, as in HostFacts::numa
    std::map<unsigned, nanoseconds> cpu_idle{};  ///< of each processor that is online, by number
    nanoseconds up{};                            ///< since they are counted

    bool operator==(const HostFigures&) const = default;
};

}  // namespace virtlight::hypervisor
