// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "hypervisor/figures.hpp"
#include "libvirt/messages.hpp"
#include "manager/manager.hpp"

namespace virtlight::libvirt {

/// libvirt's groups of statistics, as far as this daemon knows them.
namespace stats {
inline constexpr std::uint32_t state = 1 << 0;
inline constexpr std::uint32_t cpu = 1 << 1;
inline constexpr std::uint32_t balloon = 1 << 2;
inline constexpr std::uint32_t vcpu = 1 << 3;
inline constexpr std::uint32_t nic = 1 << 4;
inline constexpr std::uint32_t block = 1 << 5;
inline constexpr std::uint32_t all = (1 << 6) - 1;
}  // namespace stats

/// What has to be measured for these groups; none: nothing.
std::optional<hypervisor::FiguresWanted> figures_for(std::uint32_t groups);

/// The parameters of these groups, under libvirt's names. `figures` is null for a domain that does not run,
/// which has fewer; `disks` are what its disks are made of.
std::vector<TypedParam> statistics_params(const manager::DomainInfo& info,
                                          const hypervisor::DomainFigures* figures,
                                          std::span<const manager::DiskOfDomain> disks, std::uint32_t groups);

/// libvirt's number for what a vCPU is doing. It knows no vCPU that waits for a processor: it runs.
std::int32_t vcpu_state(const hypervisor::VcpuFigures& vcpu);

}  // namespace virtlight::libvirt
