// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "hypervisor/host_facts.hpp"

/// Processors as clients compare them. There are no models here: a processor is what it can.
namespace virtlight::libvirt {

/// A host's processor, or what a guest is to find.
struct CpuDefinition {
    enum class Policy { force, require, optional, disable, forbid };

    std::string arch{};        ///< empty: any
    std::string vendor{};      ///< by libvirt's name; empty: any
    bool of_the_host = false;  ///< all that the host's can, and what is required besides
    bool strict = false;       ///< and nothing else
    std::map<std::string, Policy> features{};

    bool operator==(const CpuDefinition&) const = default;
};

/// Reads a <cpu> of libvirt's capabilities or domain XML. What is not about what the processor can is
/// ignored. invalid_xml; unsupported_config: it names a model.
Result<CpuDefinition> parse_cpu(std::string_view xml);

CpuDefinition cpu_of(const hypervisor::HostFacts& host);

/// The numbers are libvirt's.
enum class CpuMatch : std::int32_t { incompatible = 0, identical = 1, superset = 2 };

struct CpuComparison {
    CpuMatch match = CpuMatch::incompatible;
    std::string reason{};  ///< why the host cannot do it
};

/// Whether the host can do what is wanted: exactly that, or more.
CpuComparison compare(const CpuDefinition& host, const CpuDefinition& wanted);

/// What all of them can, as the <cpu> of a guest; `migratable`: but for what ties a guest to one host.
/// operation_failed: they differ in more than what they can, or have nothing in common.
Result<std::string> common_cpu_xml(const std::vector<CpuDefinition>& cpus, bool migratable);

}  // namespace virtlight::libvirt
